//! The Lambda function `disconnect`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_realtime::disconnect;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let connections = environment.connections()?;
    environment.serve_event(|request| disconnect::handle(request, &*connections)).await
}
