//! The Lambda function `export-data`.

use souk_customers::{Customers, export_data};
use souk_environment::Environment;
use souk_lambda::{Served, serve_http};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(export_data::router().with_state(Customers::from(environment.ports()?))).await
}
