//! The Lambda function `default`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_event};
use souk_realtime::{Realtime, default};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let (connections, orders, access) = (environment.connections()?, environment.store()?, environment.access()?);
    let (realtime, push) =
        (Realtime { connections, log: environment.news_log()?, orders, access }, environment.push()?);
    serve_event(|request| default::handle(request, &realtime, &*push)).await
}
