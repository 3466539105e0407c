//! Lists of orders: what staff look for, and what waits.

use crate::composed::Sql;
use crate::rows;
use souk_domain::ports::Sweep;
use souk_domain::{DateTime, Limit, Order, OrderSearch, OrderText, Page, Result};
use tiberius::Row;

/// Conditions are written only where they are asked for, so that each choice walks an index of its own.
pub(crate) fn search(search: &OrderSearch) -> Sql {
    let mut sql = Sql::default();
    sql.push("SELECT TOP (").with(search.limit.get() + 1).push(") o.order_key, o.document FROM ");
    if let Some(OrderText::Buyer(words)) = &search.text {
        sql.push_hits(words, "customer_term", "customer_key");
        sql.push(" AS hit JOIN sales_order AS o ON o.customer_key = hit.customer_key");
    } else {
        sql.push("sales_order AS o");
    }
    sql.push(" WHERE o.order_key < ").with(search.after.unwrap_or(i64::MAX));
    if let Some(OrderText::Number(number)) = &search.text {
        // The count finds it, but the number has a year as well.
        sql.push(" AND o.order_key = ").with(number.serial());
        sql.push(" AND JSON_VALUE(o.document, N'$.number') = ").with(number.to_string());
    }
    if let Some(status) = search.status {
        sql.push(" AND o.status = ").with(status.as_str());
    }
    if let Some(customer) = search.customer {
        sql.push(" AND o.customer_key = (SELECT customer_key FROM customer WHERE id = ")
            .with(customer.uuid())
            .push(")");
    }
    if let Some(from) = search.from {
        sql.push(" AND o.placed_at >= CAST(").with(from).push(" AS DATETIME2(6))");
    }
    if let Some(until) = search.until {
        sql.push(" AND o.placed_at < CAST(").with(until).push(" AS DATETIME2(6))");
    }
    sql.push(" ORDER BY o.order_key DESC");
    sql
}

/// Reads a page of rows of `order_key` and `document`.
pub(crate) fn read(found: &[Row], limit: Limit) -> Result<Page<Order, i64>> {
    let read = |row| Ok((rows::column(row, "order_key")?, rows::document(row, "document")?));
    let found: Vec<(i64, Order)> = found.iter().map(read).collect::<Result<_>>()?;
    let Page { items, next } = Page::cut(found, limit, |(key, _)| *key);
    Ok(Page { items: items.into_iter().map(|(_, order)| order).collect(), next })
}

pub(crate) fn waiting(sweep: Sweep, before: DateTime, limit: Limit, after: Option<i64>) -> Sql {
    let since = match sweep {
        Sweep::Unpaid => "expires_at",
        Sweep::Unsettled => "unsettled_since",
    };
    let mut sql = Sql::default();
    sql.push("SELECT TOP (").with(limit.get() + 1).push(") order_key, id FROM sales_order WHERE order_key > ");
    sql.with(after.unwrap_or_default());
    // Said as the index says it.
    sql.push(&format!(" AND {since} IS NOT NULL AND {since} <= CAST(")).with(before).push(" AS DATETIME2(6))");
    sql.push(" ORDER BY order_key");
    sql
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statements::tests::assert_sql;
    use souk_domain::{CustomerId, OrderStatus, now};

    fn assert_complete(name: &str, sql: &Sql) {
        assert_sql(name, &sql.text);
        let last = sql.values.len();
        assert!(sql.text.contains(&format!("@P{last}")) && !sql.text.contains(&format!("@P{}", last + 1)));
    }

    #[test]
    fn every_combination_of_conditions_is_sql() {
        for bits in 0..48_u32 {
            let on = |bit: u32| bits & (1 << bit) != 0;
            let text = ["", "S-2026-000001", "ada love"][bits as usize / 16];
            let search = OrderSearch {
                status: on(0).then_some(OrderStatus::Paid),
                customer: on(1).then(CustomerId::new),
                from: on(2).then(now),
                until: on(3).then(now),
                text: OrderText::parse(text).ok(),
                ..Default::default()
            };
            assert_complete("orders", &super::search(&search));
        }
        for sweep in [Sweep::Unpaid, Sweep::Unsettled] {
            assert_complete("waiting orders", &waiting(sweep, now(), Limit::default(), None));
        }
    }
}
