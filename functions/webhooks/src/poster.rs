use crate::WebhookSecrets;
use souk_domain::ports::WebhookSender;
use souk_domain::{DateTime, Webhook, WebhookAttempt, WebhookPost};
use std::sync::Arc;

/// Signs messages and posts them.
#[derive(Clone)]
pub struct Poster {
    secrets: WebhookSecrets,
    sender: Arc<dyn WebhookSender>,
}

impl Poster {
    /// Signs with the secrets of webhooks, posts through `sender`.
    pub fn new(secrets: WebhookSecrets, sender: Arc<dyn WebhookSender>) -> Self {
        Self { secrets, sender }
    }

    /// Posts a message that receivers know by `id`. A webhook whose secret cannot be opened gets nothing.
    pub(crate) async fn post(&self, webhook: &Webhook, id: String, body: String, at: DateTime) -> WebhookAttempt {
        match self.secrets.sign(webhook, &id, &body, at) {
            Ok(signature) => {
                let post = WebhookPost { url: webhook.url.clone(), id, timestamp: at.timestamp(), signature, body };
                self.sender.post(&post).await
            }
            Err(error) => {
                tracing::error!(webhook = %webhook.id, %error, "a webhook's secret cannot be used");
                let error = Some("the secret cannot be opened with the shop's key; rotate it".to_owned());
                WebhookAttempt { status_code: None, error, duration_ms: 0 }
            }
        }
    }
}
