//! The Lambda function `expire-mails`.

use souk_customers::expire_mails;
use souk_environment::Environment;
use souk_lambda::{Served, Tick};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let store = environment.store()?;
    environment.serve_event(|_: Tick| expire_mails::handle(&*store)).await
}
