//! Scheduled: forgets wishes for mail whose links no longer work, with the names and addresses in them.

use serde::Serialize;
use souk_domain::Error;
use souk_domain::ports::Mails;

/// What was done.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Expired {
    /// Wishes forgotten.
    pub expired: usize,
}

/// Forgets them.
///
/// # Errors
/// When the store is away; the next tick goes on.
pub async fn handle(mails: &dyn Mails) -> Result<Expired, Error> {
    Ok(Expired { expired: mails.expire_mails(souk_domain::now()).await? })
}
