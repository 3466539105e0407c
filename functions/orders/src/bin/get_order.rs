//! The Lambda function `get-order`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_orders::{Orders, get_order};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(get_order::router().with_state(Orders::from(environment.ports()?))).await
}
