//! The Lambda function `print-invoice`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_orders::{Orders, print_invoice};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(print_invoice::router().with_state(Orders::from(environment.ports()?))).await
}
