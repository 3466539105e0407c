//! The Lambda function `health`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_platform::health;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    Environment::from_process().serve_http(health::router()).await
}
