//! The Lambda function `list-dead-letters`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_platform::{Consumers, Operations, list_dead_letters};
use souk_template::Template;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let (access, redis) = (environment.access()?, Arc::new(environment.redis()?));
    let operations = Operations::new(access, redis, Consumers::of(&Template::built_in()?)?);
    environment.serve_http(list_dead_letters::router().with_state(operations)).await
}
