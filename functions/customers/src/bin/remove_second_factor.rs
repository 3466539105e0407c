//! The Lambda function `remove-second-factor`.

use souk_customers::{Authenticators, SecondFactor, remove_second_factor};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let authenticators = Authenticators::new(&environment.second_factor_key()?)?;
    environment
        .serve_http(remove_second_factor::router().with_state(SecondFactor::new(environment.ports()?, authenticators)))
        .await
}
