//! The Lambda function `deliver-webhooks`.

use souk_environment::Environment;
use souk_lambda::{Invocation, Served, Tick};
use souk_webhooks::{Poster, WebhookSecrets, deliver_webhooks};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let (store, pauses) = (environment.store()?, environment.webhook_pauses()?);
    let secrets = WebhookSecrets::new(&environment.webhook_key()?)?;
    let poster = Poster::new(secrets, environment.webhook_sender()?);
    environment
        .serve_invocation(|Invocation { payload: Tick {}, deadline, .. }| {
            deliver_webhooks::handle(&*store, &poster, pauses, deadline)
        })
        .await
}
