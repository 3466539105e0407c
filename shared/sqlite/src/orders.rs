//! Orders: a document each, which the domain changes, and the columns that lists, sweeps and constraints need.

use crate::errors::{failed, internal};
use crate::inventory::{self, Entry};
use crate::{SqliteStore, claim, order_list, placing, rows};
use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use souk_domain::ports::{Offer, Orders, Sweep};
use souk_domain::{
    Cause, Committed, CustomerId, DateTime, Decide, Email, Error, Event, Limit, NewOrder, Order, OrderChange, OrderId,
    OrderNumber, OrderSearch, Page, Placement, Result, Sku, StockLevel, StockMove,
};

/// The columns that [`read`] reads.
pub(crate) const SELECT: &str =
    "SELECT o.order_key, o.document FROM sales_order o JOIN customer c USING (customer_key)";

/// An order and its row number.
pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<(i64, Order)> {
    Ok((row.get("order_key")?, rows::document(row, "document")?))
}

/// An order and its row number.
fn find(connection: &Connection, id: OrderId, owner: Option<CustomerId>) -> Result<(i64, Order)> {
    let sql = format!("{SELECT} WHERE o.id = ?1");
    let (key, order) = rows::one(connection, "order", &sql, [id.uuid()], read)?;
    match owner {
        Some(owner) if owner != order.customer_id => Err(Error::NotFound("order")),
        _ => Ok((key, order)),
    }
}

fn by_number(connection: &Connection, number: OrderNumber, email: &Email) -> Result<Order> {
    let sql = format!("{SELECT} WHERE o.order_key = ?1 AND c.email = ?2");
    let (_, order) = rows::one(connection, "order", &sql, params![number.serial(), email.as_str()], read)?;
    if order.number == number { Ok(order) } else { Err(Error::NotFound("order")) }
}

fn change(
    connection: &Connection,
    id: OrderId,
    owner: Option<CustomerId>,
    decide: &Decide,
    cause: &Cause,
) -> Result<(Order, Vec<Event>)> {
    let (key, order) = find(connection, id, owner)?;
    let Some(OrderChange { order, step, moves, frees_coupon }) = decide(&order)? else {
        return Ok((order, Vec::new()));
    };
    let mut events = vec![Event::order_changed(&order, step, cause)];
    for stock_move in &moves {
        let product = product(connection, stock_move)?;
        let moved = apply_move(connection, &order, product, stock_move, cause)?;
        events.push(moved.ok_or_else(|| internal("an order moves stock that is not there"))?);
    }
    if frees_coupon {
        placing::free_coupon(connection, &order)?;
    }
    rows::execute(
        connection,
        "UPDATE sales_order SET status = ?2, paid_minor = ?3, refunded_minor = ?4, version = ?5, updated_at = ?6, expires_at = ?7,
            unsettled_since = ?8, document = ?9
         WHERE order_key = ?1",
        params![
            key,
            order.status.as_str(),
            order.totals.paid.amount_minor(),
            order.totals.refunded.amount_minor(),
            order.version,
            order.updated_at.timestamp_micros(),
            order.expires_at().map(|at| at.timestamp_micros()),
            order.unsettled_since().map(|at| at.timestamp_micros()),
            serde_json::to_string(&order).map_err(internal)?,
        ],
    )
    .map_err(failed)?;
    Ok((order, events))
}

/// The row number of a product and its SKU now.
fn product(connection: &Connection, stock_move: &StockMove) -> Result<(i64, Sku)> {
    let sql = "SELECT product_key, sku FROM product WHERE id = ?1";
    let read = |row: &Row<'_>| Ok((row.get("product_key")?, rows::text(row, "sku")?));
    rows::one(connection, "product", sql, [stock_move.product_id.uuid()], read)
}

/// Moves stock for an order and tells of it; `None` when there is not enough.
pub(crate) fn apply_move(
    connection: &Connection,
    order: &Order,
    (product_key, sku): (i64, Sku),
    stock_move: &StockMove,
    cause: &Cause,
) -> Result<Option<Event>> {
    let entry = Entry {
        product_key,
        kind: stock_move.kind,
        on_hand_change: stock_move.on_hand_change(),
        reserved_change: stock_move.reserved_change(),
        order_id: Some(order.id),
        reason: None,
        actor: None,
    };
    let Some((on_hand, reserved, version)) = inventory::apply(connection, &entry, cause)? else { return Ok(None) };
    let (product_id, available, updated_at) = (stock_move.product_id, on_hand - reserved, cause.at);
    let stock = StockLevel { product_id, sku, on_hand, reserved, available, version, updated_at };
    Ok(Some(Event::inventory_changed(&stock, cause)))
}

#[async_trait]
impl Orders for SqliteStore {
    async fn terms(&self, new: &NewOrder, cause: &Cause) -> Result<Offer> {
        let (new, cause) = (new.clone(), cause.clone());
        let look = move |connection: &Connection| {
            // One snapshot: what a run with the same key takes in between is not taken for somebody else's.
            let snapshot = connection.unchecked_transaction().map_err(failed)?;
            match claim::made_before(&snapshot, &cause)? {
                Some(made) => Ok(Offer::Made(made)),
                None => placing::terms(&snapshot, &new).map(Offer::Terms),
            }
        };
        self.read(look).await
    }

    async fn place_order(&self, placement: Placement, cause: &Cause) -> Result<Committed<Order>> {
        self.command(cause, move |connection, cause| placing::place(connection, placement, cause)).await
    }

    async fn change_order(
        &self,
        id: OrderId,
        owner: Option<CustomerId>,
        decide: Decide,
        cause: &Cause,
    ) -> Result<Committed<Order>> {
        self.command(cause, move |connection, cause| change(connection, id, owner, &decide, cause)).await
    }

    async fn order(&self, id: OrderId, owner: Option<CustomerId>) -> Result<Order> {
        self.read(move |connection| find(connection, id, owner).map(|(_, order)| order)).await
    }

    async fn order_by_number(&self, number: OrderNumber, email: &Email) -> Result<Order> {
        let email = email.clone();
        self.read(move |connection| by_number(connection, number, &email)).await
    }

    async fn orders(&self, customer: CustomerId, limit: Limit, after: Option<i64>) -> Result<Page<Order, i64>> {
        let search = OrderSearch { customer: Some(customer), limit, after, ..OrderSearch::default() };
        self.read(move |connection| order_list::page(connection, &search)).await
    }

    async fn search_orders(&self, search: OrderSearch) -> Result<Page<Order, i64>> {
        self.read(move |connection| order_list::page(connection, &search)).await
    }

    async fn waiting_orders(
        &self,
        sweep: Sweep,
        before: DateTime,
        limit: Limit,
        after: Option<i64>,
    ) -> Result<Page<OrderId, i64>> {
        self.read(move |connection| order_list::waiting(connection, sweep, before, limit, after)).await
    }
}
