//! The Lambda function `health`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_http};
use souk_platform::health;

#[tokio::main]
async fn main() -> Served {
    Environment::from_process().await;
    serve_http(health::router()).await
}
