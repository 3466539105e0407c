//! The Lambda function `capture-payment`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_orders::{Payments, capture_payment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let state = Payments::new(environment.ports()?, environment.till()?);
    environment.serve_http(capture_payment::router().with_state(state)).await
}
