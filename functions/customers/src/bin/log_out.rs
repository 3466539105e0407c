//! The Lambda function `log-out`.

use souk_customers::{Customers, log_out};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(log_out::router().with_state(Customers::from(environment.ports()?))).await
}
