//! The Lambda function `list-movements`.

use souk_environment::Environment;
use souk_inventory::{Inventory, list_movements};
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(list_movements::router().with_state(Inventory::from(environment.ports()?))).await
}
