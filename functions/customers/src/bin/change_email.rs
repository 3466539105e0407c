//! The Lambda function `change-email`.

use souk_customers::{Customers, change_email};
use souk_environment::Environment;
use souk_lambda::{Served, serve_http};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(change_email::router().with_state(Customers::from(environment.ports()?))).await
}
