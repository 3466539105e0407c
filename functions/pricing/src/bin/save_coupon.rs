//! The Lambda function `save-coupon`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_pricing::{Pricing, save_coupon};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(save_coupon::router().with_state(Pricing::from(environment.ports()?))).await
}
