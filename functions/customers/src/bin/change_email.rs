//! The Lambda function `change-email`.

use souk_customers::{Customers, change_email};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(change_email::router().with_state(Customers::from(environment.ports()?))).await
}
