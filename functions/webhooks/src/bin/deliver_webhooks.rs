//! The Lambda function `deliver-webhooks`.

use souk_environment::Environment;
use souk_lambda::{Invocation, Served, Tick, serve_invocation};
use souk_webhooks::{Poster, WebhookSecrets, deliver_webhooks};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let (store, pauses) = (environment.store()?, environment.webhook_pauses()?);
    let secrets = WebhookSecrets::new(&environment.webhook_key()?)?;
    let poster = Poster::new(secrets, environment.webhook_sender()?);
    serve_invocation(|Invocation { payload: Tick {}, deadline, .. }| {
        deliver_webhooks::handle(&*store, &poster, pauses, deadline)
    })
    .await
}
