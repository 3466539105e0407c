//! The Lambda function `import-products`.

use souk_catalog::{Catalog, import_products};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(import_products::router().with_state(Catalog::from(environment.ports()?))).await
}
