//! The Lambda function `unsubscribe`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_event};
use souk_realtime::unsubscribe;

#[tokio::main]
async fn main() -> Served {
    let connections = Environment::from_process().await.connections()?;
    serve_event(|request| unsubscribe::handle(request, &*connections)).await
}
