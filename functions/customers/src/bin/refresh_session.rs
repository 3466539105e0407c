//! The Lambda function `refresh-session`.

use souk_customers::{Refresh, refresh_session};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let state = Refresh::new(environment.ports()?, environment.token_issuer()?);
    environment.serve_http(refresh_session::router().with_state(state)).await
}
