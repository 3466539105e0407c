//! The Lambda function `update-product`.

use souk_catalog::{Catalog, update_product};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(update_product::router().with_state(Catalog::from(environment.ports()?))).await
}
