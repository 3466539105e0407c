//! The Lambda function `get-cart`.

use souk_carts::{Carts, get_cart};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(get_cart::router().with_state(Carts::from(environment.ports()?))).await
}
