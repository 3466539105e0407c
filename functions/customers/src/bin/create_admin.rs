//! The Lambda function `create-admin`.

use souk_customers::{Passwords, create_admin};
use souk_environment::Environment;
use souk_lambda::{Served, serve_event};

#[tokio::main]
async fn main() -> Served {
    let (ports, passwords) = (Environment::from_process().await.ports()?, Passwords::default());
    serve_event(|call| create_admin::handle(call, &*ports.store, &passwords, &ports.announcer)).await
}
