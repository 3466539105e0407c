//! The Lambda function `list-products`.

use souk_catalog::{Catalog, list_products};
use souk_environment::Environment;
use souk_lambda::{Served, serve_http};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(list_products::router().with_state(Catalog::from(environment.ports()?))).await
}
