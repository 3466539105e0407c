//! The Lambda function `archive-outbox`.

use souk_environment::Environment;
use souk_lambda::{Served, Tick, serve_event};
use souk_platform::archive_outbox;

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let (store, kept) = (environment.store()?, environment.outbox_kept()?);
    serve_event(|_: Tick| archive_outbox::handle(&*store, kept)).await
}
