//! The Lambda function `list-products`.

use souk_catalog::{Catalog, list_products};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(list_products::router().with_state(Catalog::from(environment.ports()?))).await
}
