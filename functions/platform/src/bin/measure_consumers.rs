//! The Lambda function `measure-consumers`.

use souk_environment::Environment;
use souk_lambda::{Served, Tick};
use souk_platform::{Consumers, measure_consumers};
use souk_template::Template;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let redis = environment.redis()?;
    let consumers = Consumers::of(&Template::built_in()?)?;
    environment.serve_event(|_: Tick| measure_consumers::handle(&consumers, &redis, &redis)).await
}
