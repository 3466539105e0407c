//! The Lambda function `invalidate-product-cache`.

use souk_catalog::invalidate_product_cache;
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let cache = environment.redis()?;
    environment
        .serve_consumer("invalidate-product-cache", |batch| invalidate_product_cache::handle(batch, &cache))
        .await
}
