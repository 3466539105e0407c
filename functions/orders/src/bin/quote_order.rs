//! The Lambda function `quote-order`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_orders::{Orders, quote_order};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(quote_order::router().with_state(Orders::from(environment.ports()?))).await
}
