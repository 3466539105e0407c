//! The Lambda function `approve-return`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_http};
use souk_orders::{Orders, approve_return};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(approve_return::router().with_state(Orders::from(environment.ports()?))).await
}
