//! The Lambda function `request-return`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_orders::{Orders, request_return};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(request_return::router().with_state(Orders::from(environment.ports()?))).await
}
