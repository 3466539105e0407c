//! The Lambda function `create-admin`.

use souk_customers::create_admin;
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let ports = environment.ports()?;
    environment.serve_event(|call| create_admin::handle(call, &*ports.store, &ports.announcer)).await
}
