//! The Lambda function `refund-order`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_http};
use souk_orders::{Payments, refund_order};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let state = Payments::new(environment.ports()?, environment.till()?);
    serve_http(refund_order::router().with_state(state)).await
}
