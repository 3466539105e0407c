//! The Lambda function `request-password-reset`.

use souk_customers::{Customers, request_password_reset};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(request_password_reset::router().with_state(Customers::from(environment.ports()?))).await
}
