//! Scheduled: forgets what was delivered to webhooks, or given up, long ago.

use serde::Serialize;
use souk_domain::Error;
use souk_domain::ports::Webhooks;

/// How long the delivery log remembers.
const KEPT: chrono::Duration = chrono::Duration::days(30);

/// What was done.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Expired {
    /// Deliveries forgotten.
    pub expired: usize,
}

/// Forgets them.
///
/// # Errors
/// When the store is away; the next tick goes on.
pub async fn handle(webhooks: &dyn Webhooks) -> Result<Expired, Error> {
    Ok(Expired { expired: webhooks.expire_webhook_deliveries(souk_domain::now() - KEPT).await? })
}
