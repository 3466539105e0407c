//! The Lambda function `refund-order`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_orders::{Payments, refund_order};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let state = Payments::new(environment.ports()?, environment.till()?);
    environment.serve_http(refund_order::router().with_state(state)).await
}
