//! The Lambda function `disconnect`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_event};
use souk_realtime::disconnect;

#[tokio::main]
async fn main() -> Served {
    let connections = Environment::from_process().await.connections()?;
    serve_event(|request| disconnect::handle(request, &*connections)).await
}
