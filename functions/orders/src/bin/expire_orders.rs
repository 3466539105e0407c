//! The Lambda function `expire-orders`.

use souk_environment::Environment;
use souk_lambda::{Served, Tick};
use souk_orders::expire_orders;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let ports = environment.ports()?;
    environment.serve_event(|_: Tick| expire_orders::handle(&*ports.store, &ports.announcer)).await
}
