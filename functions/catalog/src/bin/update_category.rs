//! The Lambda function `update-category`.

use souk_catalog::{Catalog, update_category};
use souk_environment::Environment;
use souk_lambda::{Served, serve_http};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(update_category::router().with_state(Catalog::from(environment.ports()?))).await
}
