//! The Lambda function `log-in`.

use souk_customers::{Customers, LogIn, log_in};
use souk_environment::Environment;
use souk_lambda::{Served, serve_http};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let customers = Customers::from(environment.ports()?);
    serve_http(log_in::router().with_state(LogIn::new(customers, environment.token_issuer()?))).await
}
