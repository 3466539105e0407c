//! The Lambda function `discard-dead-letter`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_platform::{Consumers, Operations, discard_dead_letter};
use souk_template::Template;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let (access, redis) = (environment.access()?, Arc::new(environment.redis()?));
    let operations = Operations::new(access, redis, Consumers::of(&Template::built_in()?)?);
    environment.serve_http(discard_dead_letter::router().with_state(operations)).await
}
