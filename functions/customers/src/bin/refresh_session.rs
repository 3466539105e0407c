//! The Lambda function `refresh-session`.

use souk_customers::{Authenticators, LogIn, refresh_session};
use souk_environment::Environment;
use souk_lambda::{Served, serve_http};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let authenticators = Authenticators::new(&environment.second_factor_key()?)?;
    let state = LogIn::new(environment.ports()?, authenticators, environment.token_issuer()?);
    serve_http(refresh_session::router().with_state(state)).await
}
