//! The Lambda function `redeliver-webhook-delivery`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_http};
use souk_webhooks::{Webhooks, redeliver_webhook_delivery};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let webhooks = Webhooks::new(environment.ports()?, environment.webhook_reach()?);
    serve_http(redeliver_webhook_delivery::router().with_state(webhooks)).await
}
