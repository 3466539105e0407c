//! The Lambda function `relay-outbox`.

use souk_environment::Environment;
use souk_lambda::{Served, Tick, serve_event};
use souk_platform::relay_outbox;

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let (store, redis) = (environment.store()?, environment.redis()?);
    serve_event(|_: Tick| relay_outbox::handle(&*store, &redis)).await
}
