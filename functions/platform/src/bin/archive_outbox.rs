//! The Lambda function `archive-outbox`.

use souk_environment::Environment;
use souk_lambda::{Served, Tick, serve_event};
use souk_platform::archive_outbox;

#[tokio::main]
async fn main() -> Served {
    let store = Environment::from_process().await.store()?;
    serve_event(|_: Tick| archive_outbox::handle(&*store)).await
}
