//! The Lambda function `receive-return`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_orders::{Payments, receive_return};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let state = Payments::new(environment.ports()?, environment.till()?);
    environment.serve_http(receive_return::router().with_state(state)).await
}
