//! Scheduled: asks payment providers what became of payments whose answer was lost, and does what orders still want of them.

use crate::Settlement;
use chrono::Duration;
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use souk_domain::ports::{self, Sweep};
use souk_domain::{Cause, Error, Limit, OrderId};
use std::time::Instant;

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

/// Orders that are looked at at once: a provider that answers slowly must not make the others wait.
const AT_ONCE: usize = 8;
/// Time kept for what is in progress when the looking stops.
const ROOM: std::time::Duration = std::time::Duration::from_secs(30);

/// What was done.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Reconciled {
    /// Orders looked at.
    pub looked_at: usize,
    /// Orders for which the provider did not answer, or that could not be changed.
    pub failed: usize,
}

/// Looks at every order that a provider owes an answer, some at once, until shortly before `deadline`.
///
/// # Errors
/// When the store is away; the next tick goes on. An order that cannot be settled does not hold up the others.
pub async fn handle(
    patience: Patience,
    orders: &dyn ports::Orders,
    settlement: &Settlement,
    deadline: Option<Instant>,
) -> Result<Reconciled, Error> {
    let mut done = Reconciled { looked_at: 0, failed: 0 };
    let mut after = None;
    let before = souk_domain::now() - Duration::milliseconds(patience.older_than_ms.into());
    while deadline.is_none_or(|deadline| Instant::now() + ROOM < deadline) {
        let page = orders.waiting_orders(Sweep::Unsettled, before, Limit::default(), after).await?;
        let settled: Vec<_> = futures::stream::iter(page.items)
            .map(|id| async move { (id, settle(id, patience, orders, settlement).await) })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        done.looked_at += settled.len();
        for (id, error) in settled.iter().filter_map(|(id, settled)| Some((id, settled.as_ref().err()?))) {
            tracing::warn!(%error, order = %id, "an order could not be settled; the next run tries again");
            done.failed += 1;
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(done)
}

/// Asks about each payment; one that cannot be asked about does not hold up the others.
async fn settle(
    id: OrderId,
    patience: Patience,
    orders: &dyn ports::Orders,
    settlement: &Settlement,
) -> Result<(), Error> {
    let cause = Cause::internal(&format!("reconcile-{id}"));
    let give_up_before = cause.at - Duration::milliseconds(patience.give_up_after_ms.into());
    let mut order = orders.order(id, None).await?;
    let mut failed = Ok(());
    for payment in order.payments.clone() {
        if payment.unsettled_since().is_some_and(|since| since <= cause.at) {
            match settlement.look(&order, &payment, give_up_before, &cause).await {
                Ok(changed) => order = changed,
                Err(error) => failed = Err(error),
            }
        }
    }
    settlement.settle(order, &cause).await?;
    failed
}
