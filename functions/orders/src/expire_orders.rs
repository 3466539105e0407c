//! Scheduled: ends orders that nobody paid in time; their stock goes back.

use crate::change::change;
use serde::Serialize;
use souk_domain::ports::{self, Sweep};
use souk_domain::{Cause, Error, Limit};
use souk_lambda::Announcer;

/// What was done.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Expired {
    /// Orders ended.
    pub expired: usize,
}

/// Ends them. What a provider holds for them, `reconcile-payments` lets go.
///
/// # Errors
/// When the store is away; the next tick goes on. An order that cannot be ended does not hold up the others.
pub async fn handle(orders: &dyn ports::Orders, announcer: &Announcer) -> Result<Expired, Error> {
    let mut expired = 0;
    let mut after = None;
    loop {
        let now = souk_domain::now();
        let page = orders.waiting_orders(Sweep::Unpaid, now, Limit::default(), after).await?;
        for id in page.items {
            let cause = Cause { at: now, ..Cause::internal(&format!("expire-{id}")) };
            match change(orders, announcer, id, None, &cause, |order, cause| order.expire(cause)).await {
                Ok(committed) => expired += usize::from(!committed.events.is_empty()),
                Err(error) => tracing::error!(%error, order = %id, "an order could not be ended"),
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(Expired { expired });
        }
    }
}
