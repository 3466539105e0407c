//! The Lambda function `measure-consumers`.

use souk_environment::Environment;
use souk_lambda::{Served, Tick, serve_event};
use souk_platform::{Consumers, measure_consumers};
use souk_template::Template;

#[tokio::main]
async fn main() -> Served {
    let redis = Environment::from_process().await.redis()?;
    let consumers = Consumers::of(&Template::built_in()?)?;
    serve_event(|_: Tick| measure_consumers::handle(&consumers, &redis, &redis)).await
}
