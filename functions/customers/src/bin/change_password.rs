//! The Lambda function `change-password`.

use souk_customers::{Customers, change_password};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(change_password::router().with_state(Customers::from(environment.ports()?))).await
}
