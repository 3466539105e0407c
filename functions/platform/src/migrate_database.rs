//! Called by whoever deploys: brings the tables up to date before the functions that need them arrive.

use serde::{Deserialize, Serialize};
use souk_domain::Error;
use souk_domain::ports::Schema;

/// What the call sends; nothing in it matters.
#[derive(Debug, Deserialize)]
pub struct Call {}

/// What was done.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Migrated {
    /// The migrations applied now, in order; none when the tables were up to date.
    pub applied: Vec<String>,
}

/// Applies what is missing. Several calls at once do no harm: one works, the others find nothing to do.
///
/// # Errors
/// When the store is away, when a migration fails (then nothing of it stays), when one that was applied was changed since.
pub async fn handle(store: &dyn Schema) -> Result<Migrated, Error> {
    let applied = store.migrate().await?;
    for name in &applied {
        tracing::info!(name, "applied a migration");
    }
    Ok(Migrated { applied })
}
