//! The Lambda function `search-orders`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_orders::{Orders, search_orders};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(search_orders::router().with_state(Orders::from(environment.ports()?))).await
}
