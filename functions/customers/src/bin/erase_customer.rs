//! The Lambda function `erase-customer`.

use souk_customers::{Customers, erase_customer};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(erase_customer::router().with_state(Customers::from(environment.ports()?))).await
}
