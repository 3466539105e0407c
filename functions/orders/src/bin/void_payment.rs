//! The Lambda function `void-payment`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_orders::{Payments, void_payment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let state = Payments::new(environment.ports()?, environment.till()?);
    environment.serve_http(void_payment::router().with_state(state)).await
}
