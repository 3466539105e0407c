//! The Lambda function `delete-webhook`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_http};
use souk_webhooks::{Webhooks, delete_webhook};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let webhooks = Webhooks::new(environment.ports()?, environment.webhook_reach()?);
    serve_http(delete_webhook::router().with_state(webhooks)).await
}
