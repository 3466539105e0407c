//! The Lambda function `list-webhook-deliveries`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_webhooks::{Webhooks, list_webhook_deliveries};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let webhooks = Webhooks::new(environment.ports()?, environment.webhook_reach()?);
    environment.serve_http(list_webhook_deliveries::router().with_state(webhooks)).await
}
