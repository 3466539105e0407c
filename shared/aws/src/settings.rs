use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, Region, SdkConfig};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use std::time::Duration;

/// What all AWS clients share: region, credentials, time limits, one HTTPS stack.
#[derive(Clone)]
pub struct AwsSettings {
    config: SdkConfig,
}

fn time_limits() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(3))
        .operation_timeout(Duration::from_secs(10))
        .build()
}

fn loader() -> aws_config::ConfigLoader {
    let client = Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https();
    aws_config::from_env()
        .http_client(client)
        .timeout_config(time_limits())
        .app_name(AppName::new("souk").unwrap_or_else(|_| unreachable!("a valid name")))
}

impl AwsSettings {
    /// From the environment, as AWS Lambda sets it.
    pub async fn from_environment() -> Self {
        Self { config: loader().load().await }
    }

    /// For stand-ins on this machine, which take any credentials.
    pub async fn local() -> Self {
        let credentials = aws_sdk_dynamodb::config::Credentials::new("local", "local", None, None, "souk-local");
        Self { config: loader().region(Region::new("local")).credentials_provider(credentials).load().await }
    }

    /// The shared configuration, for a client at `endpoint` when one is given.
    pub(crate) fn at(&self, endpoint: Option<&str>) -> SdkConfig {
        let mut builder = self.config.to_builder();
        builder.set_endpoint_url(endpoint.map(str::to_owned).or_else(|| self.config.endpoint_url().map(str::to_owned)));
        builder.build()
    }
}
