//! The Lambda function `invite-staff`.

use souk_customers::{Customers, invite_staff};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(invite_staff::router().with_state(Customers::from(environment.ports()?))).await
}
