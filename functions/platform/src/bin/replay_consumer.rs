//! The Lambda function `replay-consumer`.

use souk_environment::Environment;
use souk_lambda::{Invocation, Served};
use souk_platform::{Consumers, replay_consumer};
use souk_template::Template;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let (store, invoker) = (environment.store()?, environment.invoker()?);
    let consumers = Consumers::of(&Template::built_in()?)?;
    environment
        .serve_invocation(|Invocation { payload, deadline, .. }| {
            replay_consumer::handle(payload, &*store, &*invoker, &consumers, deadline)
        })
        .await
}
