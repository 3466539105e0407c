//! The Lambda function `reset-password`.

use souk_customers::{Customers, reset_password};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(reset_password::router().with_state(Customers::from(environment.ports()?))).await
}
