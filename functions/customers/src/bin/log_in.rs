//! The Lambda function `log-in`.

use souk_customers::{Authenticators, LogIn, log_in};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let authenticators = Authenticators::new(&environment.second_factor_key()?)?;
    let state = LogIn::new(environment.ports()?, authenticators, environment.token_issuer()?);
    environment.serve_http(log_in::router().with_state(state)).await
}
