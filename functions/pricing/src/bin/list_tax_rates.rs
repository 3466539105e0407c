//! The Lambda function `list-tax-rates`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_pricing::{Pricing, list_tax_rates};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(list_tax_rates::router().with_state(Pricing::from(environment.ports()?))).await
}
