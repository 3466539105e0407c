//! The Lambda function `refresh-session`.

use souk_customers::{Refresh, refresh_session};
use souk_environment::Environment;
use souk_lambda::{Served, serve_http};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let state = Refresh::new(environment.ports()?, environment.token_issuer()?);
    serve_http(refresh_session::router().with_state(state)).await
}
