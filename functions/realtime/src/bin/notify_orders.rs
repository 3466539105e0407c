//! The Lambda function `notify-orders`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_event};
use souk_realtime::{Notifier, notify_orders};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let notifier = Notifier { connections: environment.connections()?, push: environment.push()? };
    serve_event(|batch| notify_orders::handle(batch, &notifier)).await
}
