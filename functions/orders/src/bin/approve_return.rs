//! The Lambda function `approve-return`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_orders::{Orders, approve_return};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(approve_return::router().with_state(Orders::from(environment.ports()?))).await
}
