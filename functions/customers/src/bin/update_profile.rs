//! The Lambda function `update-profile`.

use souk_customers::{Customers, update_profile};
use souk_environment::Environment;
use souk_lambda::{Served, serve_http};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(update_profile::router().with_state(Customers::from(environment.ports()?))).await
}
