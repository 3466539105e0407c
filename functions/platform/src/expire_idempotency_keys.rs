//! Scheduled: forgets idempotency keys that are older than 24 hours.

use serde::Serialize;
use souk_domain::Error;
use souk_domain::ports::Outbox;

/// What was done.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Expired {
    /// Keys forgotten.
    pub expired: usize,
}

/// Forgets them.
///
/// # Errors
/// When the store is away; the next tick goes on.
pub async fn handle(store: &dyn Outbox) -> Result<Expired, Error> {
    Ok(Expired { expired: store.expire_idempotency_keys(souk_domain::now()).await? })
}
