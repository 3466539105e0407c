//! The Lambda function `get-stock`.

use souk_environment::Environment;
use souk_inventory::{Inventory, get_stock};
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(get_stock::router().with_state(Inventory::from(environment.ports()?))).await
}
