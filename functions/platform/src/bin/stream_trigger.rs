//! The Lambda function `stream-trigger`.

use souk_environment::Environment;
use souk_lambda::{Invocation, Served, Tick};
use souk_platform::{sources, stream_trigger};
use souk_template::Template;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let (sources, invoker) = (sources(&Template::built_in()?)?, environment.invoker()?);
    environment
        .serve_invocation(|Invocation { payload: Tick {}, id, deadline }| {
            let new_stream = || environment.event_stream().map_err(souk_domain::Error::configuration);
            let (sources, invoker) = (&sources, invoker.clone());
            async move { stream_trigger::handle(sources, &id, deadline, new_stream, invoker).await }
        })
        .await
}
