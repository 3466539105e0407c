//! The Lambda function `expire-idempotency-keys`.

use souk_environment::Environment;
use souk_lambda::{Served, Tick, serve_event};
use souk_platform::expire_idempotency_keys;

#[tokio::main]
async fn main() -> Served {
    let store = Environment::from_process().await.store()?;
    serve_event(|_: Tick| expire_idempotency_keys::handle(&*store)).await
}
