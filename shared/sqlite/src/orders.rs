use crate::errors::{failed, internal};
use crate::inventory::{self, Entry};
use crate::{SqliteStore, rows};
use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use souk_domain::ports::Orders;
use souk_domain::{
    Address, Cause, Committed, CustomerId, Error, Event, Limit, Money, MovementKind, NewOrder, NewOrderLine, Order,
    OrderId, OrderLine, OrderStatus, Page, PriceChange, ProductId, ProductName, ProductStatus, Quantity, Result,
    Shortage, Sku, StockLevel, Violation,
};

/// A product as an order needs it.
struct Offer {
    key: i64,
    sku: Sku,
    name: ProductName,
    price: Money,
    status: ProductStatus,
}

fn offer(connection: &Connection, id: ProductId) -> Result<Option<Offer>> {
    let sql = "SELECT product_key, sku, name, price_minor, currency, status FROM product WHERE id = ?1";
    rows::maybe(connection, sql, [id.uuid()], |row| {
        Ok(Offer {
            key: row.get("product_key")?,
            sku: rows::text(row, "sku")?,
            name: rows::text(row, "name")?,
            price: rows::money(row, "price_minor", "currency")?,
            status: rows::word(row, "status", ProductStatus::from_word)?,
        })
    })
}

fn place(connection: &Connection, new: &NewOrder, cause: &Cause) -> Result<(Order, Vec<Event>)> {
    let offers = offers(connection, new.lines())?;
    let line = |(line, offer): (&NewOrderLine, &Offer)| {
        OrderLine::new(line.product_id, offer.sku.clone(), offer.name.clone(), line.quantity, offer.price.clone())
    };
    let lines = new.lines().iter().zip(&offers).map(line).collect::<std::result::Result<Vec<_>, Violation>>()?;
    let order = Order::place(new, lines, cause.at)?;
    let mut events = vec![Event::order_changed(&order, cause)];
    events.extend(reserve(connection, &order, new, &offers, cause)?);
    insert(connection, &order, &offers)?;
    Ok((order, events))
}

/// What is on offer for each line, or every product that is not.
fn offers(connection: &Connection, lines: &[NewOrderLine]) -> Result<Vec<Offer>> {
    let mut offers = Vec::with_capacity(lines.len());
    let (mut unknown, mut discontinued) = (Vec::new(), Vec::new());
    for line in lines {
        match offer(connection, line.product_id)? {
            None => unknown.push(line.product_id),
            Some(offer) if offer.status == ProductStatus::Discontinued => discontinued.push(line.product_id),
            Some(offer) => offers.push(offer),
        }
    }
    match (unknown.is_empty(), discontinued.is_empty()) {
        (false, _) => Err(Error::UnknownProducts(unknown)),
        (_, false) => Err(Error::DiscontinuedProducts(discontinued)),
        _ => Ok(offers),
    }
}

/// Takes hold of the stock of every line, or tells every shortage and every price that was not agreed to.
fn reserve(
    connection: &Connection,
    order: &Order,
    new: &NewOrder,
    offers: &[Offer],
    cause: &Cause,
) -> Result<Vec<Event>> {
    let mut events = Vec::with_capacity(offers.len());
    let mut shortages = Vec::new();
    for (line, offer) in order.lines.iter().zip(offers) {
        match hold(connection, order.id, offer.key, line, MovementKind::Placed, cause)? {
            Some(event) => events.push(event),
            None => shortages.push(shortage(connection, offer.key, line)?),
        }
    }
    let price_changes: Vec<PriceChange> = new.lines().iter().zip(offers).filter_map(price_change).collect();
    match shortages.is_empty() && price_changes.is_empty() {
        true => Ok(events),
        false => Err(Error::OfferChanged { shortages, price_changes }),
    }
}

fn price_change((line, offer): (&NewOrderLine, &Offer)) -> Option<PriceChange> {
    let agreed = line.agreed_price.clone().filter(|agreed| *agreed != offer.price)?;
    Some(PriceChange { product_id: line.product_id, sku: offer.sku.clone(), agreed, price: offer.price.clone() })
}

/// Reserves the pieces of a line, or gives them back when `kind` says released.
fn hold(
    connection: &Connection,
    order_id: OrderId,
    product_key: i64,
    line: &OrderLine,
    kind: MovementKind,
    cause: &Cause,
) -> Result<Option<Event>> {
    let pieces = i64::from(line.quantity);
    let reserved_change = if kind == MovementKind::Released { -pieces } else { pieces };
    let entry = Entry {
        product_key,
        kind,
        on_hand_change: 0,
        reserved_change,
        order_id: Some(order_id),
        reason: None,
        actor: None,
    };
    let Some((on_hand, reserved, version)) = inventory::apply(connection, &entry, cause)? else { return Ok(None) };
    let stock = StockLevel {
        product_id: line.product_id,
        sku: line.sku.clone(),
        on_hand,
        reserved,
        available: on_hand - reserved,
        version,
        updated_at: cause.at,
    };
    Ok(Some(Event::inventory_changed(&stock, cause)))
}

fn shortage(connection: &Connection, product_key: i64, line: &OrderLine) -> Result<Shortage> {
    let sql = "SELECT on_hand - reserved FROM stock WHERE product_key = ?1";
    let available = rows::one(connection, "stock", sql, [product_key], |row| row.get(0))?;
    let (product_id, sku) = (line.product_id, line.sku.clone());
    Ok(Shortage { product_id, sku, requested: line.quantity.into(), available })
}

fn insert(connection: &Connection, order: &Order, offers: &[Offer]) -> Result<()> {
    let sql = "SELECT customer_key FROM customer WHERE id = ?1 AND status <> 'erased'";
    let customer: i64 = rows::one(connection, "customer", sql, [order.customer_id.uuid()], |row| row.get(0))?;
    let address = order.shipping_address.as_ref().map(serde_json::to_string).transpose().map_err(internal)?;
    rows::execute(
        connection,
        "INSERT INTO sales_order (id, customer_key, status, currency, total_minor, shipping_address, version, placed_at,
            updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            order.id.uuid(),
            customer,
            order.status.as_str(),
            order.currency().as_str(),
            order.total.amount_minor(),
            address,
            order.version,
            order.placed_at.timestamp_micros(),
            order.updated_at.timestamp_micros(),
        ],
    )
    .map_err(failed)?;
    let order_key = connection.last_insert_rowid();
    for (number, (line, offer)) in order.lines.iter().zip(offers).enumerate() {
        rows::execute(
            connection,
            "INSERT INTO order_line VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                order_key,
                number as i64 + 1,
                offer.key,
                line.sku.as_str(),
                line.name.as_str(),
                i64::from(line.quantity),
                line.unit_price.amount_minor()
            ],
        )
        .map_err(failed)?;
    }
    Ok(())
}

const SELECT: &str = "SELECT o.*, c.id AS customer_id FROM sales_order o JOIN customer c USING (customer_key)";

/// An order without its lines, and its row number.
fn read(row: &Row<'_>) -> rusqlite::Result<(i64, Order)> {
    let address: Option<String> = row.get("shipping_address")?;
    let address = address.map(|json| serde_json::from_str::<Address>(&json)).transpose();
    let order = Order {
        id: rows::id(row, "id")?,
        customer_id: rows::id(row, "customer_id")?,
        status: rows::word(row, "status", OrderStatus::from_word)?,
        lines: Vec::new(),
        total: rows::money(row, "total_minor", "currency")?,
        shipping_address: address.map_err(|error| rows::corrupt("shipping_address", error))?,
        version: row.get("version")?,
        placed_at: rows::at(row, "placed_at")?,
        updated_at: rows::at(row, "updated_at")?,
    };
    Ok((row.get("order_key")?, order))
}

/// The lines of an order with the row numbers of their products.
fn lines(connection: &Connection, order_key: i64, order: &Order) -> Result<Vec<(i64, OrderLine)>> {
    let sql = "SELECT l.*, p.id FROM order_line l JOIN product p USING (product_key) WHERE order_key = ?1
        ORDER BY line_number";
    rows::all(connection, sql, [order_key], |row| {
        let quantity = Quantity::try_from(row.get::<_, i64>("quantity")?);
        let quantity = quantity.map_err(|error| rows::corrupt("quantity", error))?;
        let price = Money::new(row.get("unit_price_minor")?, order.currency().clone());
        let price = price.map_err(|error| rows::corrupt("unit_price_minor", error))?;
        let (id, sku, name) = (rows::id(row, "id")?, rows::text(row, "sku")?, rows::text(row, "name")?);
        let line = OrderLine::new(id, sku, name, quantity, price).map_err(|error| rows::corrupt("quantity", error))?;
        Ok((row.get("product_key")?, line))
    })
}

fn find(connection: &Connection, id: OrderId, owner: Option<CustomerId>) -> Result<(i64, Order, Vec<i64>)> {
    let (key, mut order) = rows::one(connection, "order", &format!("{SELECT} WHERE o.id = ?1"), [id.uuid()], read)?;
    if owner.is_some_and(|owner| owner != order.customer_id) {
        return Err(Error::NotFound("order"));
    }
    let (product_keys, lines) = lines(connection, key, &order)?.into_iter().unzip();
    order.lines = lines;
    Ok((key, order, product_keys))
}

fn cancel(
    connection: &Connection,
    id: OrderId,
    owner: Option<CustomerId>,
    cause: &Cause,
) -> Result<(Order, Vec<Event>)> {
    let (key, old, product_keys) = find(connection, id, owner)?;
    if old.status == OrderStatus::Cancelled {
        return Ok((old, Vec::new()));
    }
    if !old.status.may_become(OrderStatus::Cancelled) {
        return Err(Error::ORDER_STATUS);
    }
    let order = Order { status: OrderStatus::Cancelled, version: old.version + 1, updated_at: cause.at, ..old };
    rows::execute(
        connection,
        "UPDATE sales_order SET status = ?2, version = ?3, updated_at = ?4 WHERE order_key = ?1",
        params![key, order.status.as_str(), order.version, order.updated_at.timestamp_micros()],
    )
    .map_err(failed)?;
    let mut events = vec![Event::order_changed(&order, cause)];
    for (line, product_key) in order.lines.iter().zip(product_keys) {
        let released = hold(connection, order.id, product_key, line, MovementKind::Released, cause)?;
        events.push(released.ok_or_else(|| internal("an order holds stock that is not reserved"))?);
    }
    Ok((order, events))
}

fn page(connection: &Connection, customer: CustomerId, limit: Limit, after: Option<i64>) -> Result<Page<Order, i64>> {
    let sql = format!("{SELECT} WHERE c.id = ?1 AND o.order_key < ?2 ORDER BY o.order_key DESC LIMIT ?3");
    let values = params![customer.uuid(), after.unwrap_or(i64::MAX), limit.get() as i64 + 1];
    let Page { items, next } = Page::cut(rows::all(connection, &sql, values, read)?, limit, |(key, _)| *key);
    let with_lines = |(key, mut order): (i64, Order)| {
        order.lines = lines(connection, key, &order)?.into_iter().map(|(_, line)| line).collect();
        Ok(order)
    };
    Ok(Page { items: items.into_iter().map(with_lines).collect::<Result<_>>()?, next })
}

#[async_trait]
impl Orders for SqliteStore {
    async fn place_order(&self, new: NewOrder, cause: &Cause) -> Result<Committed<Order>> {
        self.command(cause, move |connection, cause| place(connection, &new, cause)).await
    }

    async fn cancel_order(&self, id: OrderId, owner: Option<CustomerId>, cause: &Cause) -> Result<Committed<Order>> {
        self.command(cause, move |connection, cause| cancel(connection, id, owner, cause)).await
    }

    async fn order(&self, id: OrderId, owner: Option<CustomerId>) -> Result<Order> {
        self.read(move |connection| find(connection, id, owner).map(|(_, order, _)| order)).await
    }

    async fn orders(&self, customer: CustomerId, limit: Limit, after: Option<i64>) -> Result<Page<Order, i64>> {
        self.read(move |connection| page(connection, customer, limit, after)).await
    }
}
