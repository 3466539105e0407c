use clap::{Parser, ValueEnum};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

/// Runs the whole of Souk in one process.
#[derive(Clone, Debug, Parser)]
#[command(name = "souk", version)]
pub struct Options {
    /// Port of the HTTP API; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    pub http_port: u16,

    /// Port of the WebSocket API; 0 takes a free one.
    #[arg(long, default_value_t = 8081)]
    pub ws_port: u16,

    /// Address that the three ports are on. Others than this machine reach 0.0.0.0, which is for containers.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub listen: IpAddr,

    /// Folder that keeps everything between runs.
    #[arg(long, default_value = ".souk")]
    pub data: PathBuf,

    /// Port of the sandbox payment provider; 0 takes a free one.
    #[arg(long, default_value_t = 8082)]
    pub sandbox_port: u16,

    /// Forget what the folder keeps and start anew.
    #[arg(long)]
    pub reset: bool,

    /// What to print once everything runs; json is one line for scripts.
    #[arg(long, value_enum, default_value_t = Banner::Text)]
    pub banner: Banner,

    /// Import this CSV file (sku,name,category,price_minor,currency, and description,weight_grams if you like) instead of the demo catalog.
    #[arg(long)]
    pub catalog: Option<PathBuf>,

    /// System of record instead of the embedded one: sqlserver://{user}:{password}@{host}:{port}/{database} or sqlite:{path}.
    #[arg(long, env = "SOUK_STORE_URL", hide_env_values = true)]
    pub store_url: Option<String>,

    /// Make the demo people and the demo catalog in that system of record too. The embedded one always has them.
    #[arg(long)]
    pub demo: bool,

    /// Redis instead of the embedded one: redis://{host}:{port}, or rediss:// with TLS; :{password}@ may stand before the host.
    #[arg(long, env = "SOUK_REDIS_URL", hide_env_values = true)]
    pub redis_url: Option<String>,

    /// Mail server instead of the folder that shows what was sent: smtps://{user}:{password}@{host}:{port} or smtp://….
    #[arg(long, env = "SOUK_MAIL_URL", hide_env_values = true)]
    pub mail_url: Option<String>,

    /// Who mail is from.
    #[arg(long, env = "SOUK_MAIL_FROM", default_value = "Souk <shop@souk.example>")]
    pub mail_from: String,

    /// Where links in mail lead instead of this process: the shop's web address.
    #[arg(long, env = "SOUK_SHOP_URL")]
    pub shop_url: Option<String>,

    /// Invite this address as an admin, who gets mail with a link to choose a password.
    #[arg(long)]
    pub invite_admin: Option<String>,

    /// Sign access tokens with a new key from now on; those of the last one stay good until they expire.
    #[arg(long)]
    pub rotate_token_key: bool,

    /// Multiplies how much everybody may do in a time, for load tests.
    #[arg(long, env = "SOUK_RATE_LIMIT_FACTOR", default_value_t = 1)]
    pub rate_limit_factor: u32,

    /// Payment provider instead of the sandbox: stripe://{secret key}:{webhook secret}@api.stripe.com.
    #[arg(long, env = "SOUK_PAYMENT_URL", hide_env_values = true)]
    pub payment_url: Option<String>,

    /// When money moves: automatic, with the payment, or manual, when staff captures it.
    #[arg(long, env = "SOUK_CAPTURE", default_value = "automatic")]
    pub capture: String,

    /// How long an order waits for its payment, in seconds.
    #[arg(long, env = "SOUK_PAYMENT_WINDOW", default_value_t = 1800)]
    pub payment_window: u32,

    /// After how long a payment provider is asked again for an answer that was lost, in milliseconds.
    #[arg(long, default_value_t = 10_000)]
    pub settle_after_ms: u32,

    /// How long the sandbox is waited for, in milliseconds. What it holds back, it holds longer; what is late there is so in proportion.
    #[arg(long, default_value_t = 8_000)]
    pub sandbox_timeout_ms: u32,

    /// The pause before an event that a consumer could not handle is delivered again, in milliseconds; it doubles with each delivery.
    #[arg(long, default_value_t = 1000)]
    pub retry_pause_ms: u32,

    /// How many days published events stay in the outbox before they are archived.
    #[arg(long, env = "SOUK_OUTBOX_DAYS", default_value_t = 7)]
    pub outbox_days: u16,

    /// Let webhooks lead to private addresses and over plain HTTP, for development and tests: whoever may make one then reaches what only
    /// the shop should.
    #[arg(long)]
    pub webhooks_to_private_addresses: bool,

    /// The pause before a webhook is tried again, in milliseconds; the later ones are longer in proportion, up to half a day.
    #[arg(long, default_value_t = 5000)]
    pub webhook_pause_ms: u32,

    /// Give a consumer function the events since a moment again, such as send-mail=2026-01-31T00:00:00Z; it is how replay-consumer is
    /// called here.
    #[arg(long, value_name = "FUNCTION=SINCE")]
    pub replay: Option<String>,

    /// What the sandbox does with pm_sandbox_chaos.
    #[arg(long, default_value_t = 0)]
    pub sandbox_seed: u64,

    /// Write the environment variables of functions into this file, as JSON, for functions that run outside of this process and use its
    /// parts. There are keys and passwords in it.
    #[arg(long)]
    pub variables: Option<PathBuf>,

    /// DynamoDB instead of the embedded one: http://{host}:{port}.
    #[arg(long, env = "SOUK_DYNAMODB_ENDPOINT")]
    pub dynamodb_endpoint: Option<String>,
}

impl Options {
    /// What functions are told of private addresses.
    pub(crate) fn webhook_private(&self) -> &'static str {
        if self.webhooks_to_private_addresses { "allowed" } else { "refused" }
    }

    /// Whether demo data is made. Never in a store that somebody named, unless they ask: it may be a real shop.
    pub(crate) fn seeds(&self) -> bool {
        self.demo || self.store_url.is_none()
    }
}

/// The form of what is printed once everything runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Banner {
    /// For people.
    Text,
    /// One line of JSON with URLs and demo credentials.
    Json,
}
