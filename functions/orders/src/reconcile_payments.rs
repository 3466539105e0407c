//! Scheduled: asks payment providers what became of payments whose answer was lost, and does what orders still want of them.

use crate::Settlement;
use chrono::Duration;
use serde::{Deserialize, Serialize};
use souk_domain::ports::{self, Sweep};
use souk_domain::{Cause, Error, Limit, OrderId};

/// How patient to be; a schedule may send nothing.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Patience {
    /// How long a function may take to hear from the provider itself, in milliseconds.
    pub older_than_ms: u32,
    /// After how long a payment that the provider has not heard of will not come, in milliseconds. A provider's search may lag behind by a
    /// minute.
    pub give_up_after_ms: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { older_than_ms: 30_000, give_up_after_ms: 300_000 }
    }
}

/// What was done.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Reconciled {
    /// Orders looked at.
    pub looked_at: usize,
    /// Orders for which the provider did not answer, or that could not be changed.
    pub failed: usize,
}

/// Looks at every order that a provider owes an answer.
///
/// # Errors
/// When the store is away; the next tick goes on. An order that cannot be settled does not hold up the others.
pub async fn handle(
    patience: Patience,
    orders: &dyn ports::Orders,
    settlement: &Settlement,
) -> Result<Reconciled, Error> {
    let mut done = Reconciled { looked_at: 0, failed: 0 };
    let mut after = None;
    let before = souk_domain::now() - Duration::milliseconds(patience.older_than_ms.into());
    loop {
        let page = orders.waiting_orders(Sweep::Unsettled, before, Limit::default(), after).await?;
        for id in page.items {
            done.looked_at += 1;
            if let Err(error) = settle(id, patience, orders, settlement).await {
                tracing::warn!(%error, order = %id, "an order could not be settled; the next run tries again");
                done.failed += 1;
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(done);
        }
    }
}

async fn settle(
    id: OrderId,
    patience: Patience,
    orders: &dyn ports::Orders,
    settlement: &Settlement,
) -> Result<(), Error> {
    let cause = Cause::internal(&format!("reconcile-{id}"));
    let give_up_before = cause.at - Duration::milliseconds(patience.give_up_after_ms.into());
    let mut order = orders.order(id, None).await?;
    for payment in order.payments.clone() {
        if payment.unsettled_since().is_some() && payment.provider == settlement.provider().name() {
            order = settlement.look(&order, &payment, give_up_before, &cause).await?;
        }
    }
    settlement.settle(order, &cause).await.map(drop)
}
