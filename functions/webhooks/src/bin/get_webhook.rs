//! The Lambda function `get-webhook`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_webhooks::{Webhooks, get_webhook};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let webhooks = Webhooks::new(environment.ports()?, environment.webhook_reach()?);
    environment.serve_http(get_webhook::router().with_state(webhooks)).await
}
