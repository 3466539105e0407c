//! The audit log. What a command does is noted in its own batch.

use crate::command::none;
use crate::composed::Sql;
use crate::{SqlServerStore, rows, statements};
use souk_domain::{AuditAction, AuditEntry, AuditQuery, Cause, Committed, CustomerId, Page, Result};

impl SqlServerStore {
    pub(crate) async fn write_audit(
        &self,
        action: AuditAction,
        actor: CustomerId,
        subject: CustomerId,
        cause: &Cause,
    ) -> Result<()> {
        // Each time counts, whatever key it came with.
        let cause = Cause { claim: None, ..cause.clone() };
        let values = [action.as_str().into(), actor.uuid().into(), subject.uuid().into()];
        self.command(&statements::RECORD_AUDIT, &cause, values, none).await.map(|Committed { value: (), .. }| ())
    }

    pub(crate) async fn read_audit(&self, query: AuditQuery) -> Result<Page<AuditEntry, i64>> {
        let sql = sql(&query);
        let found = rows::only(self.ask("audit_entries", &sql).await?);
        let read = |row| Ok((rows::column(row, "entry_key")?, rows::document(row, "document")?));
        let found: Vec<(i64, AuditEntry)> = found.iter().map(read).collect::<Result<_>>()?;
        let Page { items, next } = Page::cut(found, query.limit, |(key, _)| *key);
        Ok(Page { items: items.into_iter().map(|(_, entry)| entry).collect(), next })
    }
}

/// Conditions are written only where they are asked for, so that each choice walks an index of its own.
fn sql(query: &AuditQuery) -> Sql {
    let mut sql = Sql::default();
    sql.push("SELECT TOP (").with(query.limit.get() + 1).push(") entry_key, document FROM audit_entry_document");
    sql.push(" WHERE entry_key < ").with(query.after.unwrap_or(i64::MAX));
    if let Some(actor) = query.actor {
        sql.push(" AND actor_id = ").with(actor.uuid());
    }
    if let Some(subject) = query.subject {
        sql.push(" AND subject_id = ").with(subject.uuid());
    }
    sql.push(" ORDER BY entry_key DESC");
    sql
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statements::tests::assert_sql;

    #[test]
    fn every_combination_of_conditions_is_sql() {
        for bits in 0..4_u32 {
            let person = |bit: u32| (bits & (1 << bit) != 0).then(CustomerId::new);
            let query = AuditQuery { actor: person(0), subject: person(1), ..Default::default() };
            assert_sql("audit entries", &sql(&query).text);
        }
    }
}
