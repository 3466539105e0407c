//! The Lambda function `update-profile`.

use souk_customers::{Customers, update_profile};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(update_profile::router().with_state(Customers::from(environment.ports()?))).await
}
