//! The Lambda function `delete-category`.

use souk_catalog::{Catalog, delete_category};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(delete_category::router().with_state(Catalog::from(environment.ports()?))).await
}
