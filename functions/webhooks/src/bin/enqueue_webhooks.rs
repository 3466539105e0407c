//! The Lambda function `enqueue-webhooks`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_webhooks::enqueue_webhooks;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let store = environment.store()?;
    environment.serve_consumer("enqueue-webhooks", |batch| enqueue_webhooks::handle(batch, &*store)).await
}
