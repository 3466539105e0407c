//! The Lambda function `default`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_realtime::{Realtime, attend, default};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let (connections, orders, access) = (environment.connections()?, environment.orders()?, environment.access()?);
    let (realtime, push) =
        (Realtime { connections, log: environment.news_log()?, orders, access }, environment.push()?);
    environment
        .serve_event(|request| attend("default", request, |request| default::handle(request, &realtime, &*push)))
        .await
}
