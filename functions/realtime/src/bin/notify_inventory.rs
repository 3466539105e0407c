//! The Lambda function `notify-inventory`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_realtime::{Audience, Notifier, notify_inventory};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let (connections, push, door) = (environment.connections()?, environment.push()?, environment.access()?.door);
    let audience = Audience { connections, push, door };
    let notifier = Notifier { audience, log: environment.news_log()?, dispatcher: environment.dispatcher()? };
    environment.serve_consumer("notify-inventory", |batch| notify_inventory::handle(batch, &notifier)).await
}
