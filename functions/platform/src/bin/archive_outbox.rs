//! The Lambda function `archive-outbox`.

use souk_environment::Environment;
use souk_lambda::{Served, Tick};
use souk_platform::archive_outbox;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let (store, kept) = (environment.store()?, environment.outbox_kept()?);
    environment.serve_event(|_: Tick| archive_outbox::handle(&*store, kept)).await
}
