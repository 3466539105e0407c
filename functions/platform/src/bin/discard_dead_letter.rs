//! The Lambda function `discard-dead-letter`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_http};
use souk_platform::{Consumers, Operations, discard_dead_letter};
use souk_template::Template;
use std::sync::Arc;

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let (access, redis) = (environment.access()?, Arc::new(environment.redis()?));
    let operations = Operations::new(access, redis, Consumers::of(&Template::built_in()?)?);
    serve_http(discard_dead_letter::router().with_state(operations)).await
}
