//! Picks the adapters that the environment variables name. Function bins and `local` are composed with it; nothing else
//! knows both ports and adapters.

mod opening;

use anyhow::{Context, Result};
use chrono::Duration;
use opening::Openings;
use secrecy::SecretString;
use souk_aws::{AwsSettings, DynamoConnections, GatewayPush, LambdaInvoker};
use souk_domain::ports::{
    Cache, ConnectionTable, Dispatcher, EventStream, Invoker, Mailer, NewsLog, Orders, Push, Store, StreamEntry,
    WebhookSender,
};
use souk_domain::{CaptureMode, RetryPauses, WebhookReach};
use souk_lambda::{Access, Announcer, Copies, Door, Ports, Till, TokenIssuer, TokenKeys};
use souk_redis::{RedisEventStream, RedisLink};
#[cfg(feature = "sqlite")]
use souk_sqlite::SqliteStore;
use souk_sqlserver::{Settings, SqlServerStore};
use souk_webhook_sender::HttpWebhookSender;
use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};

/// The system of record: `sqlserver://{user}:{password}@{host}:{port}/{database}?…` (see `Settings::parse`) or
/// `sqlite:{path}`.
pub const STORE_URL: &str = "SOUK_STORE_URL";
/// Cache and event streams: `redis://{host}:{port}`.
pub const REDIS_URL: &str = "SOUK_REDIS_URL";
/// Name of the DynamoDB table of WebSocket connections.
pub const CONNECTIONS_TABLE: &str = "SOUK_CONNECTIONS_TABLE";
/// Where DynamoDB is: `https://dynamodb.{region}.amazonaws.com`.
pub const DYNAMODB_ENDPOINT: &str = "SOUK_DYNAMODB_ENDPOINT";
/// The stage of the WebSocket API that messages are posted to.
pub const WEBSOCKET_ENDPOINT: &str = "SOUK_WEBSOCKET_ENDPOINT";
/// Replaces Lambda's own endpoint, for `cargo lambda watch`. Optional.
pub const LAMBDA_ENDPOINT: &str = "SOUK_LAMBDA_ENDPOINT";
/// Stands before each function's name in the account. Optional.
pub const FUNCTION_PREFIX: &str = "SOUK_FUNCTION_PREFIX";
/// Multiplies what everybody may do in a time; 1 unless set. Optional.
pub const RATE_LIMIT_FACTOR: &str = "SOUK_RATE_LIMIT_FACTOR";
/// Delivers mail: `smtps://{user}:{password}@{host}:{port}`, `smtp://{host}:{port}?tls=required` or `folder:{path}`.
pub const MAIL_URL: &str = "SOUK_MAIL_URL";
/// Who mail is from: `Souk <shop@example.com>`.
pub const MAIL_FROM: &str = "SOUK_MAIL_FROM";
/// Where links in mail lead, and buyers come back to from a challenge: the shop's web address.
pub const SHOP_URL: &str = "SOUK_SHOP_URL";
/// Moves money: `stripe://{secret key}:{webhook secret}@api.stripe.com`, or the sandbox, `sandbox://…` (see `souk_payments::provider`).
pub const PAYMENT_URL: &str = "SOUK_PAYMENT_URL";
/// When money moves: `automatic`, with the payment, unless it says `manual`, when staff captures it. Optional.
pub const CAPTURE: &str = "SOUK_CAPTURE";
/// How long an order waits for its payment, in seconds; 1800 unless set. Optional.
pub const PAYMENT_WINDOW: &str = "SOUK_PAYMENT_WINDOW";
/// How many days published events stay in the outbox before they are archived; 7 unless set. Optional.
pub const OUTBOX_DAYS: &str = "SOUK_OUTBOX_DAYS";
/// The pause before an event that failed is delivered again, in milliseconds, from which the later ones grow; 1000 unless a test
/// has no time. Optional.
pub const RETRY_PAUSE: &str = "SOUK_RETRY_PAUSE_MS";
/// Seals the secrets of authenticators: 32 bytes, base64.
pub const SECOND_FACTOR_KEY: &str = "SOUK_SECOND_FACTOR_KEY";
/// Seals the secrets of webhooks: 32 bytes, base64.
pub const WEBHOOK_KEY: &str = "SOUK_WEBHOOK_KEY";
/// Private addresses and plain HTTP for webhooks: `refused` unless it says `allowed`, for development and tests. Optional.
pub const WEBHOOK_PRIVATE: &str = "SOUK_WEBHOOK_PRIVATE";
/// The pause before a webhook is tried again, in milliseconds; the later ones are longer in proportion. 5000 unless a test has no
/// time. Optional.
pub const WEBHOOK_PAUSE: &str = "SOUK_WEBHOOK_PAUSE_MS";
/// Checks access tokens: one or more Ed25519 keys in PEM, so that tokens of the last key stay good after a rotation.
pub const TOKEN_PUBLIC_KEY: &str = "SOUK_TOKEN_PUBLIC_KEY";
/// Signs access tokens: Ed25519, PKCS#8 in PEM.
pub const TOKEN_PRIVATE_KEY: &str = "SOUK_TOKEN_PRIVATE_KEY";

/// The system of record, concretely.
enum Record {
    SqlServer(SqlServerStore),
    #[cfg(feature = "sqlite")]
    Sqlite(SqliteStore),
}

/// Looks a variable up.
type Variables = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Where the parts are that functions need. A part is asked for before serving starts; what nobody asks for is neither opened nor
/// linked.
#[derive(Clone)]
pub struct Environment {
    variables: Arc<Variables>,
    aws: Arc<OnceLock<AwsSettings>>,
    redis: Arc<OnceLock<RedisLink>>,
    openings: Openings,
}

impl Environment {
    /// The environment of a Lambda function. Starts logging.
    pub fn from_process() -> Self {
        souk_lambda::start_telemetry("info");
        Self::of(|name| std::env::var(name).ok().filter(|value| !value.is_empty()), OnceLock::new())
    }

    /// An environment with these variables.
    pub fn new(variables: impl Fn(&str) -> Option<String> + Send + Sync + 'static, aws: AwsSettings) -> Self {
        Self::of(variables, OnceLock::from(aws))
    }

    fn of(variables: impl Fn(&str) -> Option<String> + Send + Sync + 'static, aws: OnceLock<AwsSettings>) -> Self {
        let (aws, redis) = (Arc::new(aws), Arc::default());
        Self { variables: Arc::new(variables), aws, redis, openings: Openings::default() }
    }

    fn aws(&self) -> &AwsSettings {
        self.aws.get_or_init(AwsSettings::from_environment)
    }

    fn optional(&self, name: &str) -> Option<String> {
        (self.variables)(name)
    }

    fn required(&self, name: &str) -> Result<String> {
        self.optional(name).with_context(|| format!("the environment variable {name} is missing"))
    }

    /// The system of record.
    pub fn store(&self) -> Result<Arc<dyn Store>> {
        Ok(match self.record()? {
            Record::SqlServer(store) => Arc::new(store),
            #[cfg(feature = "sqlite")]
            Record::Sqlite(store) => Arc::new(store),
        })
    }

    /// The orders of the system of record, for functions that would be too large with the rest of it.
    pub fn orders(&self) -> Result<Arc<dyn Orders>> {
        Ok(match self.record()? {
            Record::SqlServer(store) => Arc::new(store),
            #[cfg(feature = "sqlite")]
            Record::Sqlite(store) => Arc::new(store),
        })
    }

    fn record(&self) -> Result<Record> {
        let url = self.required(STORE_URL)?;
        if let Some(path) = url.strip_prefix("sqlite:") {
            return sqlite(path);
        }
        // The rest of the URL is left out of the error: it may hold a password.
        anyhow::ensure!(url.starts_with("sqlserver:"), "{STORE_URL} must start with sqlserver:// or sqlite:");
        let settings = Settings::parse(&url).context(STORE_URL)?;
        let store = SqlServerStore::new(settings).context(STORE_URL)?;
        let opened = store.clone();
        self.openings.add("SQL Server", async move { opened.connect().await });
        Ok(Record::SqlServer(store))
    }

    /// Cache and event publisher; whoever asks gets the same connection.
    pub fn redis(&self) -> Result<RedisLink> {
        if let Some(link) = self.redis.get() {
            return Ok(link.clone());
        }
        let link = self.new_redis()?;
        let opened = link.clone();
        self.openings.add("Redis", async move { opened.ping().await });
        Ok(self.redis.get_or_init(|| link).clone())
    }

    fn new_redis(&self) -> Result<RedisLink> {
        RedisLink::new(&self.required(REDIS_URL)?).context(REDIS_URL)
    }

    /// A reader of event streams, of its own connection.
    pub fn event_stream(&self) -> Result<Arc<dyn EventStream>> {
        Ok(Arc::new(RedisEventStream::new(self.new_redis()?).retrying_after(self.retry_pause()?)))
    }

    /// The pause before an event that failed is delivered again.
    pub fn retry_pause(&self) -> Result<std::time::Duration> {
        let Some(millis) = self.optional(RETRY_PAUSE) else { return Ok(StreamEntry::FIRST_PAUSE) };
        let millis = millis.parse().with_context(|| format!("{RETRY_PAUSE} is no number of milliseconds"))?;
        Ok(std::time::Duration::from_millis(millis))
    }

    /// Says who may call.
    pub fn access(&self) -> Result<Access> {
        self.access_through(Arc::new(self.redis()?))
    }

    fn access_through(&self, gate: Arc<RedisLink>) -> Result<Access> {
        let keys = TokenKeys::new(&self.required(TOKEN_PUBLIC_KEY)?).context(TOKEN_PUBLIC_KEY)?;
        let factor = self.optional(RATE_LIMIT_FACTOR).unwrap_or_else(|| "1".to_owned());
        let factor: NonZeroU32 =
            factor.parse().with_context(|| format!("{RATE_LIMIT_FACTOR} is no positive number"))?;
        Ok(Access { keys, door: Door::new(gate, factor.get()) })
    }

    /// Seals the secrets of authenticators.
    pub fn second_factor_key(&self) -> Result<SecretString> {
        self.required(SECOND_FACTOR_KEY).map(SecretString::from)
    }

    /// Seals the secrets of webhooks.
    pub fn webhook_key(&self) -> Result<SecretString> {
        self.required(WEBHOOK_KEY).map(SecretString::from)
    }

    /// Where webhooks may lead.
    pub fn webhook_reach(&self) -> Result<WebhookReach> {
        match self.optional(WEBHOOK_PRIVATE).as_deref() {
            None | Some("refused") => Ok(WebhookReach::Public),
            Some("allowed") => Ok(WebhookReach::Anywhere),
            Some(_) => anyhow::bail!("{WEBHOOK_PRIVATE} is allowed or refused"),
        }
    }

    /// Posts to webhooks.
    pub fn webhook_sender(&self) -> Result<Arc<dyn WebhookSender>> {
        Ok(Arc::new(HttpWebhookSender::new(self.webhook_reach()?)?))
    }

    /// How long to wait before a webhook is tried again.
    pub fn webhook_pauses(&self) -> Result<RetryPauses> {
        let Some(millis) = self.optional(WEBHOOK_PAUSE) else { return Ok(RetryPauses::default()) };
        let millis = millis.parse().with_context(|| format!("{WEBHOOK_PAUSE} is no number of milliseconds"))?;
        Ok(RetryPauses::beginning_with(std::time::Duration::from_millis(millis)))
    }

    /// Sends mail.
    pub fn mailer(&self) -> Result<Arc<dyn Mailer>> {
        let url = SecretString::from(self.required(MAIL_URL)?);
        souk_mail::mailer(&url, &self.required(MAIL_FROM)?).with_context(|| format!("{MAIL_URL}, {MAIL_FROM}"))
    }

    /// Moves money.
    pub fn till(&self) -> Result<Till> {
        let provider =
            souk_payments::provider(&SecretString::from(self.required(PAYMENT_URL)?)).context(PAYMENT_URL)?;
        let capture = match self.optional(CAPTURE).as_deref() {
            None | Some("automatic") => CaptureMode::Automatic,
            Some("manual") => CaptureMode::Manual,
            Some(_) => anyhow::bail!("{CAPTURE} is automatic or manual"),
        };
        Ok(Till { provider, capture, shop_url: self.shop_url()? })
    }

    fn payment_window(&self) -> Result<Duration> {
        let seconds = self.optional(PAYMENT_WINDOW).unwrap_or_else(|| "1800".to_owned());
        let seconds: u32 = seconds.parse().with_context(|| format!("{PAYMENT_WINDOW} is no number of seconds"))?;
        Ok(Duration::seconds(seconds.into()))
    }

    /// How long published events stay in the outbox: longer than it takes to find out that a stream lost some.
    pub fn outbox_kept(&self) -> Result<Duration> {
        let days = self.optional(OUTBOX_DAYS).unwrap_or_else(|| "7".to_owned());
        let days: u16 = days.parse().with_context(|| format!("{OUTBOX_DAYS} is no number of days"))?;
        Ok(Duration::days(days.into()))
    }

    /// Where links in mail lead, and buyers come back to from a challenge.
    pub fn shop_url(&self) -> Result<String> {
        self.required(SHOP_URL)
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
        let access = self.access_through(redis.clone())?;
        Ok(Ports {
            store,
            copies: Copies::new(redis.clone()),
            sessions: redis.clone(),
            carts: redis,
            announcer,
            access,
            payment_window: self.payment_window()?,
        })
    }

    /// The connection table, concretely: `local` makes it.
    pub fn dynamo_connections(&self) -> Result<DynamoConnections> {
        let (table, endpoint) = (self.required(CONNECTIONS_TABLE)?, self.required(DYNAMODB_ENDPOINT)?);
        Ok(DynamoConnections::new(self.aws(), &endpoint, &table))
    }

    /// Which connections exist.
    pub fn connections(&self) -> Result<Arc<dyn ConnectionTable>> {
        let connections = Arc::new(self.dynamo_connections()?);
        let opened = connections.clone();
        self.openings.add("DynamoDB", async move { opened.open().await });
        Ok(connections)
    }

    /// Sends to connections.
    pub fn push(&self) -> Result<Arc<dyn Push>> {
        Ok(Arc::new(GatewayPush::new(self.aws(), &self.required(WEBSOCKET_ENDPOINT)?)))
    }

    /// What was told of each topic.
    pub fn news_log(&self) -> Result<Arc<dyn NewsLog>> {
        Ok(Arc::new(self.redis()?))
    }

    /// Calls other functions.
    pub fn invoker(&self) -> Result<Arc<dyn Invoker>> {
        Ok(Arc::new(self.lambda()))
    }

    /// Hands work to other functions.
    pub fn dispatcher(&self) -> Result<Arc<dyn Dispatcher>> {
        Ok(Arc::new(self.lambda()))
    }

    fn lambda(&self) -> LambdaInvoker {
        let (endpoint, prefix) = (self.optional(LAMBDA_ENDPOINT), self.optional(FUNCTION_PREFIX));
        LambdaInvoker::new(self.aws(), endpoint.as_deref(), prefix.as_deref().unwrap_or_default())
    }
}

#[cfg(feature = "sqlite")]
fn sqlite(path: &str) -> Result<Record> {
    Ok(Record::Sqlite(SqliteStore::open(std::path::Path::new(path)).context(STORE_URL)?))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(_: &str) -> Result<Record> {
    anyhow::bail!(
        "{STORE_URL} is sqlite:…, but this program carries no SQLite: build it with --features souk-environment/sqlite"
    )
}
