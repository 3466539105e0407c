//! The Lambda function `expire-orders`.

use souk_environment::Environment;
use souk_lambda::{Served, Tick, serve_event};
use souk_orders::expire_orders;

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let ports = environment.ports()?;
    serve_event(|_: Tick| expire_orders::handle(&*ports.store, &ports.announcer)).await
}
