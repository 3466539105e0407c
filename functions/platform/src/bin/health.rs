//! The Lambda function `health`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_http};
use souk_platform::{Platform, health};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(health::router().with_state(Platform::from(environment.ports()?))).await
}
