//! The Lambda function `discontinue-product`.

use souk_catalog::{Catalog, discontinue_product};
use souk_environment::Environment;
use souk_lambda::{Served, serve_http};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(discontinue_product::router().with_state(Catalog::from(environment.ports()?))).await
}
