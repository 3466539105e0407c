//! The Lambda function `migrate-database`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_event};
use souk_platform::migrate_database::{self, Call};

#[tokio::main]
async fn main() -> Served {
    let store = Environment::from_process().await.store()?;
    serve_event(|_: Call| migrate_database::handle(&*store)).await
}
