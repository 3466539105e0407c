//! The Lambda function `list-categories`.

use souk_catalog::{Catalog, list_categories};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(list_categories::router().with_state(Catalog::from(environment.ports()?))).await
}
