//! The Lambda function `ping-webhook`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_webhooks::{Signing, WebhookSecrets, ping_webhook};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let (secrets, sender) = (WebhookSecrets::new(&environment.webhook_key()?)?, environment.webhook_sender()?);
    let signing = Signing::new(environment.ports()?, environment.webhook_reach()?, secrets, sender);
    environment.serve_http(ping_webhook::router().with_state(signing)).await
}
