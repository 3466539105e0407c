//! The Lambda function `settle-review`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_orders::{Orders, settle_review};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(settle_review::router().with_state(Orders::from(environment.ports()?))).await
}
