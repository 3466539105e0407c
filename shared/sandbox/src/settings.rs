use secrecy::SecretString;
use std::time::Duration;

/// How a sandbox behaves. Debug text has no secrets.
#[derive(Clone, Debug)]
pub struct SandboxSettings {
    /// What callers show, as `Authorization: Bearer …`.
    pub secret_key: SecretString,
    /// What webhooks are signed with.
    pub webhook_secret: SecretString,
    /// Where webhooks go: an address of plain HTTP, such as that of the local shop.
    pub webhook_url: String,
    /// What `pm_sandbox_chaos` is made of.
    pub seed: u64,
    /// How long an answer is held; longer than clients wait.
    pub hold: Duration,
    /// How long a payment is `processing` and a refund `pending`.
    pub settle: Duration,
    /// How late a late webhook is.
    pub late: Duration,
    /// How long after its first failure a webhook is sent again; each further wait is twice as long, up to a minute.
    pub retry: Duration,
}

impl SandboxSettings {
    /// Settings for a local shop: what takes long takes a few seconds.
    pub fn new(secret_key: SecretString, webhook_secret: SecretString, webhook_url: &str) -> Self {
        Self {
            secret_key,
            webhook_secret,
            webhook_url: webhook_url.to_owned(),
            seed: 0,
            hold: Duration::from_secs(10),
            settle: Duration::from_secs(2),
            late: Duration::from_secs(3),
            retry: Duration::from_millis(500),
        }
    }
}
