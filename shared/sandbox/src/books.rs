//! The books: `/books`, for tests and for people who count.

use crate::failure::Failure;
use crate::form::Form;
use crate::tables::Tables;
use rusqlite::params;
use serde_json::{Value, json};

/// Parameters of the books.
pub(crate) const SHOW: [&str; 2] = ["limit", "starting_after"];
/// Most payments on a page of the books.
const MOST: usize = 1000;

/// Payments, oldest first, up to a thousand from the one after `starting_after`; and what all of them come to, by currency.
pub(crate) fn show(tables: &Tables<'_>, form: &Form) -> Result<Value, Failure> {
    let sql = "
        SELECT json_object(
            'id', id, 'created_at', created_at, 'order_id', metadata ->> '$.order_id', 'payment_id', metadata ->> '$.payment_id',
            'payment_method', method, 'state', status, 'amount', amount, 'currency', currency,
            'held', iif(status = 'requires_capture', amount, 0), 'captured', captured,
            'refunded', (SELECT coalesce(sum(amount), 0) FROM refund WHERE intent = intent.id AND status = 'succeeded'),
            'refund_pending', (SELECT coalesce(sum(amount), 0) FROM refund WHERE intent = intent.id AND status = 'pending'),
            'metadata', json(metadata),
            'refunds', (SELECT json_group_array(json_object('id', id, 'operation_id', metadata ->> '$.operation_id',
                               'amount', amount, 'state', status) ORDER BY seq) FROM refund WHERE intent = intent.id))
        FROM intent WHERE ?1 IS NULL OR seq > (SELECT seq FROM intent WHERE id = ?1) ORDER BY seq LIMIT ?2";
    let limit = form.amount("limit")?.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MOST).min(MOST);
    let mut payments = values(tables, sql, params![form.text("starting_after"), limit + 1])?;
    let has_more = payments.len() > limit;
    payments.truncate(limit);
    let totals = "
        SELECT json_object('currency', currency, 'payments', count(*), 'captured', sum(captured),
            'held', sum(iif(status = 'requires_capture', amount, 0)), 'refunded', sum(refunded), 'refund_pending', sum(pending))
        FROM (SELECT *, (SELECT coalesce(sum(amount), 0) FROM refund WHERE intent = intent.id AND status = 'succeeded') AS refunded,
                        (SELECT coalesce(sum(amount), 0) FROM refund WHERE intent = intent.id AND status = 'pending') AS pending
              FROM intent)
        GROUP BY currency ORDER BY currency";
    let totals = values(tables, totals, [])?;
    Ok(json!({"payments": payments, "has_more": has_more, "totals": totals}))
}

fn values(tables: &Tables<'_>, sql: &str, parameters: impl rusqlite::Params) -> Result<Vec<Value>, Failure> {
    let mut statement = tables.connection.prepare_cached(sql)?;
    let rows = statement.query_map(parameters, |row| row.get::<_, String>(0))?;
    rows.map(|row| serde_json::from_str(&row?).map_err(|_| Failure::defect())).collect()
}
