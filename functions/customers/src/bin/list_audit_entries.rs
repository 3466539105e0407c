//! The Lambda function `list-audit-entries`.

use souk_customers::{Customers, list_audit_entries};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    environment.serve_http(list_audit_entries::router().with_state(Customers::from(environment.ports()?))).await
}
