//! The Lambda function `redeliver-webhook-delivery`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_webhooks::{Webhooks, redeliver_webhook_delivery};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let webhooks = Webhooks::new(environment.ports()?, environment.webhook_reach()?);
    environment.serve_http(redeliver_webhook_delivery::router().with_state(webhooks)).await
}
