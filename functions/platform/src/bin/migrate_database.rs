//! The Lambda function `migrate-database`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_platform::migrate_database::{self, Call};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let store = environment.store()?;
    environment.serve_event(|_: Call| migrate_database::handle(&*store)).await
}
