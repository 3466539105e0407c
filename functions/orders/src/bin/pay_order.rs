//! The Lambda function `pay-order`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_http};
use souk_orders::{Payments, pay_order};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let state = Payments::new(environment.ports()?, environment.till()?);
    serve_http(pay_order::router().with_state(state)).await
}
