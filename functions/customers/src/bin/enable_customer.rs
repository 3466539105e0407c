//! The Lambda function `enable-customer`.

use souk_customers::{Customers, enable_customer};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(enable_customer::router().with_state(Customers::from(environment.ports()?))).await
}
