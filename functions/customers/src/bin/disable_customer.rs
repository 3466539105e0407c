//! The Lambda function `disable-customer`.

use souk_customers::{Customers, disable_customer};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(disable_customer::router().with_state(Customers::from(environment.ports()?))).await
}
