//! The Lambda function `erase-customer`.

use souk_customers::{Customers, erase_customer};
use souk_environment::Environment;
use souk_lambda::{Served, serve_http};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(erase_customer::router().with_state(Customers::from(environment.ports()?))).await
}
