//! The Lambda function `search-orders`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_http};
use souk_orders::{Orders, search_orders};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(search_orders::router().with_state(Orders::from(environment.ports()?))).await
}
