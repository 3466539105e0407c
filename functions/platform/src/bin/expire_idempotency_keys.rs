//! The Lambda function `expire-idempotency-keys`.

use souk_environment::Environment;
use souk_lambda::{Served, Tick};
use souk_platform::expire_idempotency_keys;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let store = environment.store()?;
    environment.serve_event(|_: Tick| expire_idempotency_keys::handle(&*store)).await
}
