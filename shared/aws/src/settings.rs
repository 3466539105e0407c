use crate::http::Client;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use std::sync::LazyLock;
use std::time::Duration;

/// What all AWS clients share: region, credentials, time limits, one HTTPS stack.
#[derive(Clone)]
pub struct AwsSettings {
    config: SdkConfig,
    client: Client,
}

/// A client of one service, made when it is needed: it reads long rules for addresses then, of every region there is.
pub(crate) type Lazy<C> = LazyLock<C, Box<dyn FnOnce() -> C + Send>>;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(1);

fn time_limits() -> TimeoutConfig {
    TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_secs(3))
        .operation_timeout(Duration::from_secs(10))
        .build()
}

impl AwsSettings {
    /// From the environment variables that AWS Lambda sets. Nowhere else is looked: there are no profiles, roles and instances to find in a
    /// function, and it would carry what finds them.
    pub fn from_environment() -> Self {
        let credentials = SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new());
        Self::with(std::env::var("AWS_REGION").ok().map(Region::new), credentials)
    }

    /// For stand-ins on this machine, which take any credentials.
    pub fn local() -> Self {
        let credentials = Credentials::new("local", "local", None, None, "souk-local");
        Self::with(Some(Region::new("local")), SharedCredentialsProvider::new(credentials))
    }

    fn with(region: Option<Region>, credentials: SharedCredentialsProvider) -> Self {
        let client = Client::new(CONNECT);
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .app_name(AppName::new("souk").unwrap_or_else(|_| unreachable!("a valid name")))
            .region(region)
            .credentials_provider(credentials)
            .http_client(client.shared())
            .timeout_config(time_limits())
            .build();
        Self { config, client }
    }

    /// What all requests go through.
    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// What makes a client with the shared configuration, at `endpoint` when one is given.
    pub(crate) fn lazy<C: 'static>(&self, endpoint: Option<&str>, new: fn(&SdkConfig) -> C) -> Lazy<C> {
        let mut config = self.config.to_builder();
        config.set_endpoint_url(endpoint.map(str::to_owned));
        let config = config.build();
        LazyLock::new(Box::new(move || new(&config)))
    }
}
