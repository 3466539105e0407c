//! The Lambda function `add-order-note`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_orders::{Orders, add_order_note};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(add_order_note::router().with_state(Orders::from(environment.ports()?))).await
}
