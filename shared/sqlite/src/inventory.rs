use crate::errors::failed;
use crate::{SqliteStore, rows};
use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use souk_domain::ports::Inventory;
use souk_domain::{
    Adjustment, Cause, Committed, CustomerId, Error, Event, Limit, Movement, MovementCursor, MovementId, MovementKind,
    OrderId, Page, ProductId, Reason, Result, StockLevel, Version,
};

const SELECT: &str = "SELECT p.product_key, p.id, p.sku, s.on_hand, s.reserved, s.version AS stock_version,
        s.updated_at AS stock_updated_at
    FROM product p JOIN stock s USING (product_key) WHERE p.id = ?1";

pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<StockLevel> {
    let (on_hand, reserved): (i64, i64) = (row.get("on_hand")?, row.get("reserved")?);
    Ok(StockLevel {
        product_id: rows::id(row, "id")?,
        sku: rows::text(row, "sku")?,
        on_hand,
        reserved,
        available: on_hand - reserved,
        version: row.get("stock_version")?,
        updated_at: rows::at(row, "stock_updated_at")?,
    })
}

fn read_movement(row: &Row<'_>) -> rusqlite::Result<Movement> {
    let reason: Option<String> = row.get("reason")?;
    Ok(Movement {
        id: rows::id(row, "id")?,
        kind: rows::word(row, "kind", MovementKind::from_word)?,
        on_hand_change: row.get("on_hand_change")?,
        reserved_change: row.get("reserved_change")?,
        version: row.get("version")?,
        order_id: rows::optional_id(row, "order_id")?,
        reason: reason.map(|text| Reason::parse(&text)).transpose().map_err(|error| rows::corrupt("reason", error))?,
        at: rows::at(row, "at")?,
    })
}

/// A change of one product's stock that the ledger records.
pub(crate) struct Entry {
    pub(crate) product_key: i64,
    pub(crate) kind: MovementKind,
    pub(crate) on_hand_change: i64,
    pub(crate) reserved_change: i64,
    pub(crate) order_id: Option<OrderId>,
    pub(crate) reason: Option<Reason>,
    pub(crate) actor: Option<CustomerId>,
}

/// Changes stock when that leaves it valid and writes the ledger. The new on hand, reserved and version; `None` when
/// there is not enough.
pub(crate) fn apply(connection: &Connection, entry: &Entry, cause: &Cause) -> Result<Option<(i64, i64, Version)>> {
    let Entry { product_key, on_hand_change, reserved_change, .. } = entry;
    let at = cause.at.timestamp_micros();
    // The condition decides the race for the last pieces, whatever was read before.
    let changed = rows::maybe(
        connection,
        "UPDATE stock SET on_hand = on_hand + ?2, reserved = reserved + ?3, version = version + 1, updated_at = ?4
         WHERE product_key = ?1 AND reserved + ?3 BETWEEN 0 AND on_hand + ?2
         RETURNING on_hand, reserved, version",
        params![product_key, on_hand_change, reserved_change, at],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let Some((on_hand, reserved, version)) = changed else { return Ok(None) };
    rows::execute(
        connection,
        "INSERT INTO stock_movement (product_key, version, id, kind, on_hand_change, reserved_change, order_id, reason,
            actor, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            product_key,
            version,
            MovementId::new().uuid(),
            entry.kind.as_str(),
            on_hand_change,
            reserved_change,
            entry.order_id.map(OrderId::uuid),
            entry.reason.as_ref().map(Reason::as_str),
            entry.actor.map(CustomerId::uuid),
            at
        ],
    )
    .map_err(failed)?;
    Ok(Some((on_hand, reserved, version)))
}

fn adjust(
    connection: &Connection,
    adjustment: Adjustment,
    expected: Option<Version>,
    cause: &Cause,
) -> Result<(StockLevel, Vec<Event>)> {
    let Adjustment { product_id, change, reason, actor } = adjustment;
    let read_with_key = |row: &Row<'_>| Ok((row.get("product_key")?, read(row)?));
    let (product_key, old) = rows::one(connection, "product", SELECT, [product_id.uuid()], read_with_key)?;
    crate::check_version(expected, old.version)?;
    let on_hand = change.apply(old.on_hand, old.reserved).ok_or(Error::STOCK_OUT_OF_RANGE)?;
    let entry = Entry {
        product_key,
        kind: MovementKind::Adjusted,
        on_hand_change: on_hand - old.on_hand,
        reserved_change: 0,
        order_id: None,
        reason: Some(reason),
        actor: Some(actor),
    };
    let (on_hand, reserved, version) = apply(connection, &entry, cause)?.ok_or(Error::STOCK_OUT_OF_RANGE)?;
    let new = StockLevel { on_hand, reserved, available: on_hand - reserved, version, updated_at: cause.at, ..old };
    let event = Event::inventory_changed(&new, cause);
    Ok((new, vec![event]))
}

fn movements(
    connection: &Connection,
    id: ProductId,
    limit: Limit,
    after: Option<MovementCursor>,
) -> Result<Page<Movement, MovementCursor>> {
    let sql = "SELECT product_key FROM product WHERE id = ?1";
    let key: i64 = rows::one(connection, "product", sql, [id.uuid()], |row| row.get(0))?;
    let before = after.map_or(Version::MAX, |MovementCursor(version)| version);
    let found = rows::all(
        connection,
        "SELECT * FROM stock_movement WHERE product_key = ?1 AND version < ?2 ORDER BY version DESC LIMIT ?3",
        params![key, before, limit.get() as i64 + 1],
        read_movement,
    )?;
    Ok(Page::cut(found, limit, |movement| MovementCursor(movement.version)))
}

#[async_trait]
impl Inventory for SqliteStore {
    async fn adjust_stock(
        &self,
        adjustment: Adjustment,
        expected: Option<Version>,
        cause: &Cause,
    ) -> Result<Committed<StockLevel>> {
        self.command(cause, move |connection, cause| adjust(connection, adjustment, expected, cause)).await
    }

    async fn stock(&self, id: ProductId) -> Result<StockLevel> {
        self.read(move |connection| rows::one(connection, "product", SELECT, [id.uuid()], read)).await
    }

    async fn movements(
        &self,
        id: ProductId,
        limit: Limit,
        after: Option<MovementCursor>,
    ) -> Result<Page<Movement, MovementCursor>> {
        self.read(move |connection| movements(connection, id, limit, after)).await
    }
}
