//! The Lambda function `invalidate-product-cache`.

use souk_catalog::invalidate_product_cache;
use souk_environment::Environment;
use souk_lambda::{Served, serve_event};

#[tokio::main]
async fn main() -> Served {
    let cache = Environment::from_process().await.redis()?;
    serve_event(|batch| invalidate_product_cache::handle(batch, &cache)).await
}
