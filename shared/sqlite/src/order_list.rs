use crate::{orders, rows};
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use souk_domain::ports::Sweep;
use souk_domain::{DateTime, Limit, Order, OrderId, OrderSearch, OrderText, Page, Result, SearchQuery};

/// A page of orders, newest first.
pub(crate) fn page(connection: &Connection, search: &OrderSearch) -> Result<Page<Order, i64>> {
    let (sql, values) = statement(search);
    let found = rows::all(connection, &sql, params_from_iter(values), orders::read)?;
    let Page { items, next } = Page::cut(found, search.limit, |(key, _)| *key);
    Ok(Page { items: items.into_iter().map(|(_, order)| order).collect(), next })
}

fn statement(search: &OrderSearch) -> (String, Vec<Value>) {
    let mut sql = format!("{} WHERE o.order_key < ?", orders::SELECT);
    let mut values = vec![Value::from(search.after.unwrap_or(i64::MAX))];
    let mut condition = |text: &str, value: Value| {
        sql += text;
        values.push(value);
    };
    if let Some(status) = search.status {
        condition(" AND o.status = ?", status.as_str().to_owned().into());
    }
    if let Some(customer) = search.customer {
        condition(" AND c.id = ?", customer.uuid().as_bytes().to_vec().into());
    }
    if let Some(from) = search.from {
        condition(" AND o.placed_at >= ?", from.timestamp_micros().into());
    }
    if let Some(until) = search.until {
        condition(" AND o.placed_at < ?", until.timestamp_micros().into());
    }
    match &search.text {
        Some(OrderText::Number(number)) => {
            condition(" AND o.order_key = ?", number.serial().into());
            condition(" AND o.document ->> 'number' = ?", number.to_string().into());
        }
        Some(OrderText::Buyer(SearchQuery { words, .. })) => {
            sql += " AND o.customer_key IN (";
            for word in words {
                sql += "SELECT customer_key FROM customer_term WHERE term = ? INTERSECT ";
                values.push(word.clone().into());
            }
            sql += "SELECT customer_key FROM customer_term WHERE term >= ? AND term < ?)";
        }
        None => {}
    }
    if let Some(OrderText::Buyer(query)) = &search.text {
        values.extend([query.prefix.clone().into(), query.prefix_end().into()]);
    }
    sql += " ORDER BY o.order_key DESC LIMIT ?";
    values.push((search.limit.get() as i64 + 1).into());
    (sql, values)
}

/// A page of the orders that a sweep is after.
pub(crate) fn waiting(
    connection: &Connection,
    sweep: Sweep,
    before: DateTime,
    limit: Limit,
    after: Option<i64>,
) -> Result<Page<OrderId, i64>> {
    let column = match sweep {
        Sweep::Unpaid => "expires_at",
        Sweep::Unsettled => "unsettled_since",
    };
    let sql = format!(
        "SELECT order_key, id FROM sales_order WHERE {column} <= ?1 AND order_key > ?2 ORDER BY order_key LIMIT ?3"
    );
    let values = params![before.timestamp_micros(), after.unwrap_or_default(), limit.get() as i64 + 1];
    let found = rows::all(connection, &sql, values, |row| Ok((row.get::<_, i64>("order_key")?, rows::id(row, "id")?)))?;
    let Page { items, next } = Page::cut(found, limit, |(key, _)| *key);
    Ok(Page { items: items.into_iter().map(|(_, id)| id).collect(), next })
}
