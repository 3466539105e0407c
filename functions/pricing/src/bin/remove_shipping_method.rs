//! The Lambda function `remove-shipping-method`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_pricing::{Pricing, remove_shipping_method};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(remove_shipping_method::router().with_state(Pricing::from(environment.ports()?))).await
}
