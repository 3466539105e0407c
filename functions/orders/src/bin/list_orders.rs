//! The Lambda function `list-orders`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_orders::{Orders, list_orders};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(list_orders::router().with_state(Orders::from(environment.ports()?))).await
}
