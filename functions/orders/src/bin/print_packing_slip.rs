//! The Lambda function `print-packing-slip`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_orders::{Orders, print_packing_slip};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(print_packing_slip::router().with_state(Orders::from(environment.ports()?))).await
}
