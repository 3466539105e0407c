//! The Lambda function `list-orders`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_http};
use souk_orders::{Orders, list_orders};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(list_orders::router().with_state(Orders::from(environment.ports()?))).await
}
