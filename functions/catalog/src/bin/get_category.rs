//! The Lambda function `get-category`.

use souk_catalog::{Catalog, get_category};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(get_category::router().with_state(Catalog::from(environment.ports()?))).await
}
