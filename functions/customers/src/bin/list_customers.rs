//! The Lambda function `list-customers`.

use souk_customers::{Customers, list_customers};
use souk_environment::Environment;
use souk_lambda::{Served, serve_http};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(list_customers::router().with_state(Customers::from(environment.ports()?))).await
}
