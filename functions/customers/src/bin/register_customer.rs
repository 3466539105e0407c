//! The Lambda function `register-customer`.

use souk_customers::{Customers, register_customer};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(register_customer::router().with_state(Customers::from(environment.ports()?))).await
}
