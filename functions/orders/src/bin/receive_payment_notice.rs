//! The Lambda function `receive-payment-notice`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_http};
use souk_orders::{Payments, receive_payment_notice};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let state = Payments::new(environment.ports()?, environment.till()?);
    serve_http(receive_payment_notice::router().with_state(state)).await
}
