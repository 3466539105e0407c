//! The Lambda function `list-webhooks`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_webhooks::{Webhooks, list_webhooks};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let webhooks = Webhooks::new(environment.ports()?, environment.webhook_reach()?);
    environment.serve_http(list_webhooks::router().with_state(webhooks)).await
}
