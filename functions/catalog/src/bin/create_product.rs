//! The Lambda function `create-product`.

use souk_catalog::{Catalog, create_product};
use souk_environment::Environment;
use souk_lambda::{Served, serve_http};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(create_product::router().with_state(Catalog::from(environment.ports()?))).await
}
