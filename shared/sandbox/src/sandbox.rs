use crate::failure::Failure;
use crate::once::{Answer, Claim, Done, once};
use crate::settle::settle;
use crate::tables::{self, Tables};
use crate::{SandboxSettings, routes};
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// The sandbox. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    shared: Arc<Shared>,
}

struct Shared {
    /// One connection: a request is a transaction of a millisecond, and nobody waits for a client inside one.
    connection: Mutex<Connection>,
    settings: SandboxSettings,
    /// Tells the delivery of webhooks that there may be some.
    changed: Notify,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Opens the file, makes it when it is missing. What an earlier sandbox answered on it stands.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be used, `Internal` when another version of the sandbox made it.
    pub fn open(path: &Path, settings: SandboxSettings) -> souk_domain::Result<Self> {
        let connection = Mutex::new(tables::open(path)?);
        Ok(Self { shared: Arc::new(Shared { connection, settings, changed: Notify::new() }) })
    }

    /// Its routes, see the crate's documentation.
    pub fn router(&self) -> axum::Router {
        routes::router(self.clone())
    }

    pub(crate) fn settings(&self) -> &SandboxSettings {
        &self.shared.settings
    }

    pub(crate) fn changed(&self) -> &Notify {
        &self.shared.changed
    }

    /// Runs `work` in a transaction, after what decides itself was decided; its failure undoes both.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tables<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let shared = self.shared.clone();
        let task = tokio::task::spawn_blocking(move || {
            // A panic rolled its transaction back, so what it left is whole.
            let mut connection = shared.connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let now = chrono::Utc::now().timestamp_millis();
            let tables = Tables { connection: &transaction, settings: &shared.settings, now };
            settle(&tables)?;
            let result = work(&tables)?;
            transaction.commit()?;
            Ok(result)
        });
        task.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a request of the sandbox panicked");
            Err(Failure::defect())
        })
    }

    /// Carries out a wish, once under its key.
    pub(crate) async fn wish(
        &self,
        claim: Option<Claim>,
        effect: impl FnOnce(&Tables<'_>, Option<&str>) -> Result<Done, Failure> + Send + 'static,
    ) -> Answer {
        let work = move |tables: &Tables<'_>| {
            let key = claim.as_ref().map(|claim| claim.key.as_str());
            once(tables, claim.as_ref(), || effect(tables, key))
        };
        let answer = self.work(work).await.unwrap_or_else(Answer::from);
        self.shared.changed.notify_one();
        answer
    }
}
