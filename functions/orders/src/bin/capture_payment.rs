//! The Lambda function `capture-payment`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_http};
use souk_orders::{Payments, capture_payment};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let state = Payments::new(environment.ports()?, environment.till()?);
    serve_http(capture_payment::router().with_state(state)).await
}
