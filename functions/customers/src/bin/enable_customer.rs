//! The Lambda function `enable-customer`.

use souk_customers::{Customers, enable_customer};
use souk_environment::Environment;
use souk_lambda::{Served, serve_http};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(enable_customer::router().with_state(Customers::from(environment.ports()?))).await
}
