//! The Lambda function `remove-coupon`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_http};
use souk_pricing::{Pricing, remove_coupon};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(remove_coupon::router().with_state(Pricing::from(environment.ports()?))).await
}
