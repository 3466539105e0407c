//! The Lambda function `replay-consumer`.

use souk_environment::Environment;
use souk_lambda::{Invocation, Served, serve_invocation};
use souk_platform::{Consumers, replay_consumer};
use souk_template::Template;

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let (store, invoker) = (environment.store()?, environment.invoker()?);
    let consumers = Consumers::of(&Template::built_in()?)?;
    serve_invocation(|Invocation { payload, deadline, .. }| {
        replay_consumer::handle(payload, &*store, &*invoker, &consumers, deadline)
    })
    .await
}
