//! The Lambda function `list-customers`.

use souk_customers::{Customers, list_customers};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(list_customers::router().with_state(Customers::from(environment.ports()?))).await
}
