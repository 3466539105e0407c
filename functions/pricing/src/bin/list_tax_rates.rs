//! The Lambda function `list-tax-rates`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_http};
use souk_pricing::{Pricing, list_tax_rates};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(list_tax_rates::router().with_state(Pricing::from(environment.ports()?))).await
}
