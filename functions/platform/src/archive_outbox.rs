//! Scheduled: moves events that were published long ago out of the outbox, where every command writes, into its archive.

use serde::Serialize;
use souk_domain::Error;
use souk_domain::ports::Outbox;

/// What was done.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Archived {
    /// Events moved.
    pub archived: usize,
}

/// Moves what was published before so long a time. What was not published stays, however old it is.
///
/// # Errors
/// When the store is away; the next tick goes on.
pub async fn handle(store: &dyn Outbox, kept: chrono::Duration) -> Result<Archived, Error> {
    let archived = store.archive(souk_domain::now() - kept).await?;
    if archived > 0 {
        tracing::info!(archived, "events were archived");
    }
    Ok(Archived { archived })
}
