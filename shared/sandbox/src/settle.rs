//! What decides itself after a while: payments that are processing, refunds that are pending. Every request looks first, so nobody
//! sees what is out of date; the delivery of webhooks looks when the time has come.

use crate::behaviour::{Refunds, behaviour};
use crate::failure::Failure;
use crate::intents::authorise;
use crate::tables::{Intent, Refund, Tables};
use rusqlite::OptionalExtension;

/// Decides what is due.
pub(crate) fn settle(tables: &Tables<'_>) -> Result<(), Failure> {
    for intent in tables.settled_intents()? {
        settle_intent(tables, intent)?;
    }
    for refund in tables.settled_refunds()? {
        settle_refund(tables, refund)?;
    }
    Ok(())
}

fn settle_intent(tables: &Tables<'_>, mut intent: Intent) -> Result<(), Failure> {
    let happened = authorise(&mut intent);
    tables.update_intent(&intent)?;
    tables.announce(&intent.script, &[(happened, intent.json())])
}

fn settle_refund(tables: &Tables<'_>, mut refund: Refund) -> Result<(), Failure> {
    let Some(intent) = tables.intent(&refund.intent)? else { return Err(Failure::defect()) };
    let (status, happened) = match behaviour(&intent.script).refunds {
        Refunds::Fail => ("failed", "refund.failed"),
        Refunds::Wait | Refunds::Succeed => ("succeeded", "refund.updated"),
    };
    tables.settle_refund(&refund.id, status)?;
    refund.status = status.to_owned();
    tables.announce(&intent.script, &[("charge.refund.updated", refund.json()), (happened, refund.json())])
}

impl Tables<'_> {
    /// When something is due next: a webhook, a payment or a refund.
    pub(crate) fn next_due(&self) -> Result<Option<i64>, Failure> {
        let sql = "SELECT min(at) FROM (SELECT min(due_at) AS at FROM webhook
                   UNION ALL SELECT min(settles_at) FROM intent WHERE settles_at IS NOT NULL
                   UNION ALL SELECT min(settles_at) FROM refund WHERE settles_at IS NOT NULL)";
        Ok(self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?.flatten())
    }
}
