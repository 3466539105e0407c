//! The Lambda function `receive-payment-notice`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_orders::{Payments, receive_payment_notice};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let state = Payments::new(environment.ports()?, environment.till()?);
    environment.serve_http(receive_payment_notice::router().with_state(state)).await
}
