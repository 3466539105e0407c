//! The Lambda function `enqueue-webhooks`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_event};
use souk_webhooks::enqueue_webhooks;

#[tokio::main]
async fn main() -> Served {
    let store = Environment::from_process().await.store()?;
    serve_event(|batch| enqueue_webhooks::handle(batch, &*store)).await
}
