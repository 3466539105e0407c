//! The Lambda function `reconcile-payments`.

use souk_environment::Environment;
use souk_lambda::{Invocation, Served};
use souk_orders::Settlement;
use souk_orders::reconcile_payments::{self, Patience};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let ports = environment.ports()?;
    let settlement = Settlement::new(ports.store.clone(), ports.announcer, environment.till()?);
    environment
        .serve_invocation(|invocation: Invocation<Patience>| {
            let Invocation { payload, deadline, .. } = invocation;
            reconcile_payments::handle(payload, &*ports.store, &settlement, Some(deadline))
        })
        .await
}
