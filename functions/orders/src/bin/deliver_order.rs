//! The Lambda function `deliver-order`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_http};
use souk_orders::{Orders, deliver_order};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(deliver_order::router().with_state(Orders::from(environment.ports()?))).await
}
