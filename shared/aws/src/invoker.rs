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
use serde_json::Value;
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
            Some(kind) => Err(failure(function, &kind, &payload)),
            None => Ok(payload),
        }
    }
}

/// Why a function failed. Of its error Lambda hands on the text alone: what passes by itself is known by how [`Error::Unavailable`] begins.
fn failure(function: &str, kind: &str, payload: &str) -> Error {
    let told: Value = serde_json::from_str(payload).unwrap_or_default();
    match told["errorMessage"].as_str().and_then(|text| text.strip_prefix("unavailable: ")) {
        Some(text) => Error::Unavailable(format!("{function}: {text}")),
        None => Error::Internal(format!("{function} failed ({kind}): {payload}")),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The error of a function, as `lambda_runtime` reports it and Lambda hands it on.
    const REPORTED: &str = r#"{"errorType":"&alloc::boxed::Box<dyn core::error::Error + core::marker::Send + core::marker::Sync>","errorMessage":"unavailable: Redis: timed out"}"#;

    #[test]
    fn a_part_that_is_away_is_told_from_a_defect() {
        let text = |payload: &str| failure("send-mail", "Unhandled", payload).to_string();
        assert_eq!(text(REPORTED), "unavailable: send-mail: Redis: timed out");
        let ended =
            r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 1 Error: Runtime exited with error"}"#;
        let defect = REPORTED.replace("unavailable: ", "internal: unavailable: ");
        for payload in [ended, &defect, "unavailable: not JSON", ""] {
            assert_eq!(text(payload), format!("internal: send-mail failed (Unhandled): {payload}"));
        }
    }

    #[test]
    fn what_is_away_begins_as_the_error_of_the_domain_does() {
        let payload = serde_json::json!({ "errorMessage": Error::Unavailable("no store".to_owned()).to_string() });
        assert!(matches!(failure("send-mail", "Unhandled", &payload.to_string()), Error::Unavailable(_)));
    }
}
