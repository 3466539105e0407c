//! The Lambda function `list-webhook-deliveries`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_http};
use souk_webhooks::{Webhooks, list_webhook_deliveries};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let webhooks = Webhooks::new(environment.ports()?, environment.webhook_reach()?);
    serve_http(list_webhook_deliveries::router().with_state(webhooks)).await
}
