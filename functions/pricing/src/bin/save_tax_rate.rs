//! The Lambda function `save-tax-rate`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_pricing::{Pricing, save_tax_rate};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(save_tax_rate::router().with_state(Pricing::from(environment.ports()?))).await
}
