//! The Lambda function `notify-inventory`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_event};
use souk_realtime::{Audience, Notifier, notify_inventory};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let (connections, push, door) = (environment.connections()?, environment.push()?, environment.access()?.door);
    let audience = Audience { connections, push, door };
    let notifier = Notifier { audience, log: environment.news_log()?, dispatcher: environment.dispatcher()? };
    serve_event(|batch| notify_inventory::handle(batch, &notifier)).await
}
