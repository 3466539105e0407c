//! The Lambda function `request-password-reset`.

use souk_customers::{Customers, request_password_reset};
use souk_environment::Environment;
use souk_lambda::{Served, serve_http};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    serve_http(request_password_reset::router().with_state(Customers::from(environment.ports()?))).await
}
