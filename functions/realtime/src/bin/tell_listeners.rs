//! The Lambda function `tell-listeners`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_event};
use souk_realtime::{Audience, tell_listeners};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let (connections, push, door) = (environment.connections()?, environment.push()?, environment.access()?.door);
    let (audience, dispatcher) = (Audience { connections, push, door }, environment.dispatcher()?);
    serve_event(|part| tell_listeners::handle(part, &audience, &*dispatcher)).await
}
