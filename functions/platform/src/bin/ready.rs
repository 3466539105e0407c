//! The Lambda function `ready`.

use souk_environment::Environment;
use souk_lambda::{Copies, Served};
use souk_platform::ready::{self, Parts};
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let (store, redis) = (environment.store()?, Copies::new(Arc::new(environment.redis()?)));
    environment
        .serve_http(ready::router().with_state(Parts { store, redis, connections: environment.connections()? }))
        .await
}
