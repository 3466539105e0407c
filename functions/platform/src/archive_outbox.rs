//! Scheduled: moves events that were published long ago out of the outbox, where every command writes, into its archive.

use serde::Serialize;
use souk_domain::Error;
use souk_domain::ports::Outbox;

/// How long published events stay in the outbox: longer than any stream that may have lost some is looked after by hand.
const KEPT: chrono::Duration = chrono::Duration::days(7);

/// What was done.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Archived {
    /// Events moved.
    pub archived: usize,
}

/// Moves them. What was not published stays, however old it is.
///
/// # Errors
/// When the store is away; the next tick goes on.
pub async fn handle(store: &dyn Outbox) -> Result<Archived, Error> {
    let archived = store.archive(souk_domain::now() - KEPT).await?;
    if archived > 0 {
        tracing::info!(archived, "events were archived");
    }
    Ok(Archived { archived })
}
