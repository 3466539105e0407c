use crate::AwsSettings;
use crate::settings::Lazy;
use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::Config;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::error::DisplayErrorContext;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use souk_domain::ports::{Dispatcher, Invoker};
use souk_domain::{Error, Result};
use std::time::Duration;

/// How long an answer is waited for: longer than any function that is invoked may take.
const LONGEST: Duration = Duration::from_secs(75);

/// Invokes functions through the Lambda API, which `cargo lambda watch` speaks as well.
pub struct LambdaInvoker {
    client: Lazy<Client>,
    prefix: String,
    patience: Duration,
}

impl LambdaInvoker {
    /// `prefix` stands before each function's name in the account; `endpoint` replaces AWS's own.
    pub fn new(settings: &AwsSettings, endpoint: Option<&str>, prefix: &str) -> Self {
        Self { client: settings.lazy(endpoint, Client::new), prefix: prefix.to_owned(), patience: LONGEST }
    }

    /// Waits another time for an answer.
    pub fn waiting(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }
}

#[async_trait]
impl Invoker for LambdaInvoker {
    async fn invoke(&self, function: &str, payload: String) -> Result<String> {
        let name = format!("{}{function}", self.prefix);
        let invocation = self.client.invoke().function_name(name).payload(Blob::new(payload));
        // Whoever gives up early and asks again has a batch done twice at once. The trigger tries again, later.
        let patient =
            TimeoutConfig::builder().operation_attempt_timeout(self.patience).operation_timeout(self.patience);
        let patient = Config::builder().timeout_config(patient.build()).retry_config(RetryConfig::disabled());
        let answer = invocation
            .customize()
            .config_override(patient)
            .send()
            .await
            .map_err(|error| Error::Unavailable(format!("{function}: {}", DisplayErrorContext(&error))))?;
        let payload = answer.payload.unwrap_or_else(|| Blob::new("")).into_inner();
        let payload = String::from_utf8_lossy(&payload).into_owned();
        match answer.function_error {
            Some(kind) => Err(Error::Internal(format!("{function} failed ({kind}): {payload}"))),
            None => Ok(payload),
        }
    }
}

#[async_trait]
impl Dispatcher for LambdaInvoker {
    /// Lambda keeps the event, and runs the function up to three times until it succeeds.
    async fn dispatch(&self, function: &str, payload: String) -> Result<()> {
        let name = format!("{}{function}", self.prefix);
        let event = self.client.invoke().function_name(name).invocation_type(InvocationType::Event);
        match event.payload(Blob::new(payload)).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(Error::Unavailable(format!("{function}: {}", DisplayErrorContext(&error)))),
        }
    }
}
