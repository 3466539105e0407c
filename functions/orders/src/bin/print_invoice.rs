//! The Lambda function `print-invoice`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_http};
use souk_orders::{Orders, print_invoice};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(print_invoice::router().with_state(Orders::from(environment.ports()?))).await
}
