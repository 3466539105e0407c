//! The Lambda function `export-data`.

use souk_customers::{Customers, export_data};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(export_data::router().with_state(Customers::from(environment.ports()?))).await
}
