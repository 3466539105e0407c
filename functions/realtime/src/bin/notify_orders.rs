//! The Lambda function `notify-orders`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_realtime::{Audience, Notifier, notify_orders};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let (connections, push, door) = (environment.connections()?, environment.push()?, environment.access()?.door);
    let audience = Audience { connections, push, door };
    let notifier = Notifier { audience, log: environment.news_log()?, dispatcher: environment.dispatcher()? };
    environment.serve_consumer("notify-orders", |batch| notify_orders::handle(batch, &notifier)).await
}
