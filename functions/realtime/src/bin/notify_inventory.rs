//! The Lambda function `notify-inventory`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_event};
use souk_realtime::{Notifier, notify_inventory};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let notifier = Notifier { connections: environment.connections()?, push: environment.push()? };
    serve_event(|batch| notify_inventory::handle(batch, &notifier)).await
}
