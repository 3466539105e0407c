//! The Lambda function `deliver-order`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_orders::{Orders, deliver_order};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(deliver_order::router().with_state(Orders::from(environment.ports()?))).await
}
