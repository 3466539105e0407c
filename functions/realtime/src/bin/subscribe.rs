//! The Lambda function `subscribe`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_event};
use souk_realtime::{Realtime, subscribe};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let (connections, orders, access) = (environment.connections()?, environment.store()?, environment.access()?);
    let realtime = Realtime { connections, log: environment.news_log()?, orders, access };
    serve_event(|request| subscribe::handle(request, &realtime)).await
}
