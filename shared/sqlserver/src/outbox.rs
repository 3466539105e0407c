use crate::run::Repeat;
use crate::statements::Statement;
use crate::value::{Value, json};
use crate::{SqlServerStore, command, rows, statements};
use async_trait::async_trait;
use chrono::NaiveDateTime;
use souk_domain::ports::{ClaimedEvents, Outbox, PastEvents};
use souk_domain::{DateTime, EventId, Result};

/// Rows that a sweep changes at once: fewer than the 5,000 locks from which on SQL Server locks the whole table.
const SWEEP: usize = 2_000;
/// Ids in one batch.
const MARKS: usize = 1_000;

impl SqlServerStore {
    /// Runs a sweep until nothing is left to change; the number of rows that were changed.
    pub(crate) async fn sweep(&self, statement: Statement<'_>, at: DateTime) -> Result<usize> {
        let mut all = 0;
        loop {
            let found = self.query(statement, [SWEEP.into(), at.into()]).await?;
            let changed: i32 = rows::column(&rows::one(found, "count")?, "changed")?;
            let changed = usize::try_from(changed).unwrap_or_default();
            all += changed;
            if changed < SWEEP {
                return Ok(all);
            }
        }
    }
}

fn listed(ids: &[EventId]) -> Value {
    json(ids.iter().map(|id| id.uuid().to_string().into()).collect())
}

#[async_trait]
impl Outbox for SqlServerStore {
    async fn claim_unpublished(&self, limit: usize, before: DateTime, until: DateTime) -> Result<ClaimedEvents> {
        let values: [Value; 4] = [limit.into(), before.into(), until.into(), souk_domain::now().into()];
        // A claim whose answer was lost ends by itself, so claiming again does no harm.
        let found = self.runner.run(statements::CLAIM_UNPUBLISHED, &values, Repeat::Harmless).await?;
        command::claimed_events(&rows::only(found))
    }

    async fn release_claims(&self, ids: &[EventId]) -> Result<()> {
        for ids in ids.chunks(MARKS) {
            self.query(statements::RELEASE_CLAIMS, [listed(ids)]).await?;
        }
        Ok(())
    }

    async fn mark_published(&self, ids: &[EventId]) -> Result<()> {
        for ids in ids.chunks(MARKS) {
            self.query(statements::MARK_PUBLISHED, [listed(ids), souk_domain::now().into()]).await?;
        }
        Ok(())
    }

    async fn last_published(&self) -> Result<Option<DateTime>> {
        let row = rows::one(self.query(statements::LAST_PUBLISHED, []).await?, "row")?;
        Ok(rows::maybe::<NaiveDateTime>(&row, "at")?.map(|at| at.and_utc()))
    }

    async fn republish(&self, since: DateTime) -> Result<usize> {
        self.sweep(statements::REPUBLISH, since).await
    }

    async fn archive(&self, before: DateTime) -> Result<usize> {
        self.sweep(statements::ARCHIVE_OUTBOX, before).await
    }

    async fn events_since(&self, since: DateTime, after: Option<i64>, limit: usize) -> Result<PastEvents> {
        let values: [Value; 3] = [limit.into(), after.unwrap_or_default().into(), since.into()];
        let found = self.query(statements::EVENTS_SINCE, values).await?;
        let mut found = command::numbered(found.iter().flatten())?;
        found.dedup_by_key(|(sequence, _)| *sequence);
        found.truncate(limit);
        Ok(PastEvents::of(found.into_iter().map(|(sequence, row)| (sequence, command::event(row)))))
    }

    async fn expire_idempotency_keys(&self, now: DateTime) -> Result<usize> {
        self.sweep(statements::EXPIRE_IDEMPOTENCY_KEYS, now).await
    }

    async fn ping(&self) -> Result<()> {
        self.query(statements::PING, []).await.map(drop)
    }
}
