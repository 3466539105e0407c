//! The Lambda function `set-cart-line`.

use souk_carts::{Carts, set_cart_line};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(set_cart_line::router().with_state(Carts::from(environment.ports()?))).await
}
