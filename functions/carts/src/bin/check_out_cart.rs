//! The Lambda function `check-out-cart`.

use souk_carts::{Carts, check_out_cart};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(check_out_cart::router().with_state(Carts::from(environment.ports()?))).await
}
