//! Picks the adapters that the environment variables name. Function bins and `local` are composed with it; nothing else
//! knows both ports and adapters.

use anyhow::{Context, Result};
use secrecy::SecretString;
use souk_aws::{AwsSettings, DynamoConnections, GatewayPush, LambdaInvoker};
use souk_domain::ports::{ConnectionTable, EventStream, Invoker, Push, Store};
use souk_lambda::{Access, Announcer, Copies, Ports, TokenIssuer};
use souk_redis::{RedisEventStream, RedisLink};
use souk_sqlite::SqliteStore;
use souk_sqlserver::{Settings, SqlServerStore};
use std::path::Path;
use std::sync::Arc;

/// The system of record: `sqlserver://{user}:{password}@{host}:{port}/{database}?…` (see `Settings::parse`) or
/// `sqlite:{path}`.
pub const STORE_URL: &str = "SOUK_STORE_URL";
/// Cache and event streams: `redis://{host}:{port}`.
pub const REDIS_URL: &str = "SOUK_REDIS_URL";
/// Name of the DynamoDB table of WebSocket connections.
pub const CONNECTIONS_TABLE: &str = "SOUK_CONNECTIONS_TABLE";
/// Replaces DynamoDB's own endpoint. Optional.
pub const DYNAMODB_ENDPOINT: &str = "SOUK_DYNAMODB_ENDPOINT";
/// The stage of the WebSocket API that messages are posted to.
pub const WEBSOCKET_ENDPOINT: &str = "SOUK_WEBSOCKET_ENDPOINT";
/// Replaces Lambda's own endpoint, for `cargo lambda watch`. Optional.
pub const LAMBDA_ENDPOINT: &str = "SOUK_LAMBDA_ENDPOINT";
/// Stands before each function's name in the account. Optional.
pub const FUNCTION_PREFIX: &str = "SOUK_FUNCTION_PREFIX";
/// Checks access tokens: Ed25519, PEM.
pub const TOKEN_PUBLIC_KEY: &str = "SOUK_TOKEN_PUBLIC_KEY";
/// Signs access tokens: Ed25519, PKCS#8 in PEM.
pub const TOKEN_PRIVATE_KEY: &str = "SOUK_TOKEN_PRIVATE_KEY";

/// Looks a variable up.
type Variables = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Where the parts are that functions need.
#[derive(Clone)]
pub struct Environment {
    variables: Arc<Variables>,
    aws: AwsSettings,
}

impl Environment {
    /// The environment of a Lambda function. Starts logging.
    pub async fn from_process() -> Self {
        souk_lambda::start_logging("info");
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self::new(variable, AwsSettings::from_environment().await)
    }

    /// An environment with these variables.
    pub fn new(variables: impl Fn(&str) -> Option<String> + Send + Sync + 'static, aws: AwsSettings) -> Self {
        Self { variables: Arc::new(variables), aws }
    }

    fn optional(&self, name: &str) -> Option<String> {
        (self.variables)(name)
    }

    fn required(&self, name: &str) -> Result<String> {
        self.optional(name).with_context(|| format!("the environment variable {name} is missing"))
    }

    /// Opens the system of record.
    pub fn store(&self) -> Result<Arc<dyn Store>> {
        let url = self.required(STORE_URL)?;
        if let Some(path) = url.strip_prefix("sqlite:") {
            return Ok(Arc::new(SqliteStore::open(Path::new(path)).context(STORE_URL)?));
        }
        // The rest of the URL is left out of the error: it may hold a password.
        anyhow::ensure!(url.starts_with("sqlserver:"), "{STORE_URL} must start with sqlserver:// or sqlite:");
        let settings = Settings::parse(&url).context(STORE_URL)?;
        Ok(Arc::new(SqlServerStore::new(settings).context(STORE_URL)?))
    }

    /// Cache and event publisher.
    pub fn redis(&self) -> Result<RedisLink> {
        RedisLink::new(&self.required(REDIS_URL)?).context(REDIS_URL)
    }

    /// A reader of event streams, of its own connection.
    pub fn event_stream(&self) -> Result<Arc<dyn EventStream>> {
        Ok(Arc::new(RedisEventStream::new(self.redis()?)))
    }

    /// Reads access tokens.
    pub fn access(&self) -> Result<Access> {
        Access::new(&self.required(TOKEN_PUBLIC_KEY)?).context(TOKEN_PUBLIC_KEY)
    }

    /// Issues access tokens.
    pub fn token_issuer(&self) -> Result<TokenIssuer> {
        let key = SecretString::from(self.required(TOKEN_PRIVATE_KEY)?);
        TokenIssuer::new(&key).context(TOKEN_PRIVATE_KEY)
    }

    /// The ports that HTTP functions share.
    pub fn ports(&self) -> Result<Ports> {
        let (store, redis) = (self.store()?, Arc::new(self.redis()?));
        let announcer = Announcer::new(redis.clone(), redis.clone(), store.clone());
        Ok(Ports { store, copies: Copies::new(redis), announcer, access: self.access()? })
    }

    /// The connection table, concretely: `local` makes it.
    pub fn dynamo_connections(&self) -> Result<DynamoConnections> {
        let (table, endpoint) = (self.required(CONNECTIONS_TABLE)?, self.optional(DYNAMODB_ENDPOINT));
        Ok(DynamoConnections::new(&self.aws, endpoint.as_deref(), &table))
    }

    /// Which connections exist.
    pub fn connections(&self) -> Result<Arc<dyn ConnectionTable>> {
        Ok(Arc::new(self.dynamo_connections()?))
    }

    /// Sends to connections.
    pub fn push(&self) -> Result<Arc<dyn Push>> {
        Ok(Arc::new(GatewayPush::new(&self.aws, &self.required(WEBSOCKET_ENDPOINT)?)))
    }

    /// Calls other functions.
    pub fn invoker(&self) -> Result<Arc<dyn Invoker>> {
        let (endpoint, prefix) = (self.optional(LAMBDA_ENDPOINT), self.optional(FUNCTION_PREFIX));
        Ok(Arc::new(LambdaInvoker::new(&self.aws, endpoint.as_deref(), prefix.as_deref().unwrap_or_default())))
    }
}
