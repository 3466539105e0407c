//! The Lambda function `unsubscribe`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_realtime::{attend, unsubscribe};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let connections = environment.connections()?;
    environment
        .serve_event(|request| attend("unsubscribe", request, |request| unsubscribe::handle(request, &*connections)))
        .await
}
