//! The Lambda function `expire-webhook-deliveries`.

use souk_environment::Environment;
use souk_lambda::{Served, Tick, serve_event};
use souk_webhooks::expire_webhook_deliveries;

#[tokio::main]
async fn main() -> Served {
    let store = Environment::from_process().await.store()?;
    serve_event(|_: Tick| expire_webhook_deliveries::handle(&*store)).await
}
