//! The Lambda function `disconnect`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_realtime::{attend, disconnect};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let connections = environment.connections()?;
    environment
        .serve_event(|request| attend("disconnect", request, |request| disconnect::handle(request, &*connections)))
        .await
}
