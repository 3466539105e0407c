//! The Lambda function `remove-cart-line`.

use souk_carts::{Carts, remove_cart_line};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(remove_cart_line::router().with_state(Carts::from(environment.ports()?))).await
}
