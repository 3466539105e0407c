//! The Lambda function `relay-outbox`.

use souk_environment::Environment;
use souk_lambda::{Served, Tick};
use souk_platform::relay_outbox;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let (store, redis) = (environment.store()?, environment.redis()?);
    environment.serve_event(|_: Tick| relay_outbox::handle(&*store, &redis)).await
}
