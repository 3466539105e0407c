//! The Lambda function `remove-tax-rate`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_http};
use souk_pricing::{Pricing, remove_tax_rate};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(remove_tax_rate::router().with_state(Pricing::from(environment.ports()?))).await
}
