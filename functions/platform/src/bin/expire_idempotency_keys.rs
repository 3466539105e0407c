//! The Lambda function `expire-idempotency-keys`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_event};
use souk_platform::expire_idempotency_keys;
use souk_platform::relay_outbox::Tick;

#[tokio::main]
async fn main() -> Served {
    let store = Environment::from_process().await.store()?;
    serve_event(|_: Tick| expire_idempotency_keys::handle(&*store)).await
}
