//! The Lambda function `reject-return`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_orders::{Orders, reject_return};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(reject_return::router().with_state(Orders::from(environment.ports()?))).await
}
