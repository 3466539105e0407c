//! The Lambda function `connect`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_realtime::{attend, connect};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let (connections, access) = (environment.connections()?, environment.access()?);
    environment
        .serve_event(|request| attend("connect", request, |request| connect::handle(request, &*connections, &access)))
        .await
}
