use crate::AwsSettings;
use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::error::DisplayErrorContext;
use aws_sdk_lambda::primitives::Blob;
use souk_domain::ports::Invoker;
use souk_domain::{Error, Result};

/// Invokes functions through the Lambda API, which `cargo lambda watch` speaks as well.
pub struct LambdaInvoker {
    client: Client,
    prefix: String,
}

impl LambdaInvoker {
    /// `prefix` stands before each function's name in the account; `endpoint` replaces AWS's own.
    pub fn new(settings: &AwsSettings, endpoint: Option<&str>, prefix: &str) -> Self {
        Self { client: Client::new(&settings.at(endpoint)), prefix: prefix.to_owned() }
    }
}

#[async_trait]
impl Invoker for LambdaInvoker {
    async fn invoke(&self, function: &str, payload: String) -> Result<String> {
        let name = format!("{}{function}", self.prefix);
        let invocation = self.client.invoke().function_name(name).payload(Blob::new(payload));
        let answer = invocation
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
