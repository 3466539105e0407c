//! The Lambda function `unsubscribe`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_realtime::unsubscribe;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let connections = environment.connections()?;
    environment.serve_event(|request| unsubscribe::handle(request, &*connections)).await
}
