//! The Lambda function `end-session`.

use souk_customers::{Customers, end_session};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(end_session::router().with_state(Customers::from(environment.ports()?))).await
}
