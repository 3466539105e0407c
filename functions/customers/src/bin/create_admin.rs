//! The Lambda function `create-admin`.

use souk_customers::{Passwords, create_admin};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let (ports, passwords) = (environment.ports()?, Passwords::default());
    environment.serve_event(|call| create_admin::handle(call, &*ports.store, &passwords, &ports.announcer)).await
}
