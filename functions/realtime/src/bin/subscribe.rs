//! The Lambda function `subscribe`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_realtime::{Realtime, attend, subscribe};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let (connections, orders, access) = (environment.connections()?, environment.orders()?, environment.access()?);
    let realtime = Realtime { connections, log: environment.news_log()?, orders, access };
    environment
        .serve_event(|request| attend("subscribe", request, |request| subscribe::handle(request, &realtime)))
        .await
}
