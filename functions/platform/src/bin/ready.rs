//! The Lambda function `ready`.

use souk_environment::Environment;
use souk_lambda::{Copies, Served, serve_http};
use souk_platform::ready::{self, Parts};
use std::sync::Arc;

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let (store, redis) = (environment.store()?, Copies::new(Arc::new(environment.redis()?)));
    serve_http(ready::router().with_state(Parts { store, redis, connections: environment.connections()? })).await
}
