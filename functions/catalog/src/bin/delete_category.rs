//! The Lambda function `delete-category`.

use souk_catalog::{Catalog, delete_category};
use souk_environment::Environment;
use souk_lambda::{Served, serve_http};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(delete_category::router().with_state(Catalog::from(environment.ports()?))).await
}
