//! The Lambda function `list-shipping-methods`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_pricing::{Pricing, list_shipping_methods};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(list_shipping_methods::router().with_state(Pricing::from(environment.ports()?))).await
}
