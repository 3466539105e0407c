//! The Lambda function `print-packing-slip`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_http};
use souk_orders::{Orders, print_packing_slip};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(print_packing_slip::router().with_state(Orders::from(environment.ports()?))).await
}
