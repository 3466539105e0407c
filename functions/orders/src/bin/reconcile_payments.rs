//! The Lambda function `reconcile-payments`.

use souk_environment::Environment;
use souk_lambda::{Served, serve_event};
use souk_orders::{Settlement, reconcile_payments};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let (ports, provider) = (environment.ports()?, environment.payment_provider()?);
    let settlement = Settlement::new(ports.store.clone(), ports.announcer, provider, &environment.shop_url()?);
    serve_event(|patience| reconcile_payments::handle(patience, &*ports.store, &settlement)).await
}
