//! The Lambda function `redrive-dead-letters`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_platform::{Consumers, Operations, Redrive, redrive_dead_letters};
use souk_template::Template;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let (access, redis) = (environment.access()?, Arc::new(environment.redis()?));
    let operations = Operations::new(access, redis, Consumers::of(&Template::built_in()?)?);
    environment
        .serve_http(redrive_dead_letters::router().with_state(Redrive::new(operations, environment.invoker()?)))
        .await
}
