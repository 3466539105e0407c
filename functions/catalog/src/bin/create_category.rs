//! The Lambda function `create-category`.

use souk_catalog::{Catalog, create_category};
use souk_environment::Environment;
use souk_lambda::{Served, serve_http};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(create_category::router().with_state(Catalog::from(environment.ports()?))).await
}
