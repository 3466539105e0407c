//! The Lambda function `cancel-order`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_http};
use souk_orders::{Payments, cancel_order};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let state = Payments::new(environment.ports()?, environment.till()?);
    serve_http(cancel_order::router().with_state(state)).await
}
