//! The Lambda function `expire-webhook-deliveries`.

use souk_environment::Environment;
use souk_lambda::{Served, Tick};
use souk_webhooks::expire_webhook_deliveries;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let store = environment.store()?;
    environment.serve_event(|_: Tick| expire_webhook_deliveries::handle(&*store)).await
}
