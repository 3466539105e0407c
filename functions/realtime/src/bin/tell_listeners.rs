//! The Lambda function `tell-listeners`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_realtime::{Audience, tell_listeners};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let (connections, push, door) = (environment.connections()?, environment.push()?, environment.access()?.door);
    let (audience, dispatcher) = (Audience { connections, push, door }, environment.dispatcher()?);
    environment.serve_event(|part| tell_listeners::handle(part, &audience, &*dispatcher)).await
}
