//! The Lambda function `list-sessions`.

use souk_customers::{Customers, list_sessions};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(list_sessions::router().with_state(Customers::from(environment.ports()?))).await
}
