//! The Lambda function `expire-mails`.

use souk_customers::expire_mails;
use souk_environment::Environment;
use souk_lambda::{Served, Tick, serve_event};

#[tokio::main]
async fn main() -> Served {
    let store = Environment::from_process().await.store()?;
    serve_event(|_: Tick| expire_mails::handle(&*store)).await
}
