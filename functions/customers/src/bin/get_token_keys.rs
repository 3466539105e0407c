//! The Lambda function `get-token-keys`.

use souk_customers::{Customers, get_token_keys};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(get_token_keys::router().with_state(Customers::from(environment.ports()?))).await
}
