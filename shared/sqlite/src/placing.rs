//! What a wish meets, and how it becomes an order.

use crate::errors::{failed, internal};
use crate::{orders, pricing, products, rows};
use rusqlite::{Connection, Row, params};
use souk_domain::{
    Cause, CouponCode, Error, Event, Money, NewOrder, Order, OrderLine, OrderNumber, Placement, PriceChange,
    PricingRule, ProductStatus, Result, RuleKind, Shortage, Terms,
};

/// What the shop offers for a wish.
pub(crate) fn terms(connection: &Connection, new: &NewOrder) -> Result<Terms> {
    let ids: Vec<_> = new.lines().iter().map(|line| line.product_id).collect();
    let products = products::by_id(connection, &serde_json::to_string(&ids).map_err(internal)?)?;
    let methods = pricing::rules(connection, RuleKind::ShippingMethod)?;
    let shipping_methods = methods.into_iter().filter_map(|(rule, _)| match rule {
        PricingRule::ShippingMethod { code, rule } => Some((code, rule)),
        _ => None,
    });
    let country = new.shipping_address.as_ref().map(|address| address.country.as_str());
    let tax = match pricing::tax_rate(connection, country)? {
        Some(PricingRule::TaxRate { rule, .. }) => Some(rule),
        _ => None,
    };
    let coupon = match &new.coupon {
        Some(code) => pricing::coupon(connection, code, new.customer_id)?,
        None => None,
    };
    Ok(Terms { products, shipping_methods: shipping_methods.collect(), tax, coupon })
}

/// A product as an order needs it.
struct Offered {
    key: i64,
    price: Money,
    status: ProductStatus,
}

fn offered(connection: &Connection, line: &OrderLine) -> Result<Option<Offered>> {
    let sql = "SELECT product_key, price_minor, currency, status FROM product WHERE id = ?1";
    rows::maybe(connection, sql, [line.product_id.uuid()], |row| {
        Ok(Offered {
            key: row.get("product_key")?,
            price: rows::money(row, "price_minor", "currency")?,
            status: rows::word(row, "status", ProductStatus::from_word)?,
        })
    })
}

/// Keeps an order, or nothing of it.
pub(crate) fn place(connection: &Connection, placement: Placement, cause: &Cause) -> Result<(Order, Vec<Event>)> {
    let mut order = placement.order.clone();
    let offers = offers(connection, &order)?;
    let reserved = reserve(connection, &placement, &offers, cause)?;
    if let Some(code) = &order.coupon {
        use_coupon(connection, code, &order)?;
    }
    insert(connection, &mut order)?;
    let event = Event::order_changed(&order, Placement::STEP, cause);
    Ok((order, std::iter::once(event).chain(reserved).collect()))
}

/// The product of each line, or every one that is not on offer; whether its price moved is told with the shortages.
fn offers(connection: &Connection, order: &Order) -> Result<Vec<Offered>> {
    let mut offers = Vec::with_capacity(order.lines.len());
    let (mut unknown, mut discontinued) = (Vec::new(), Vec::new());
    for line in &order.lines {
        match offered(connection, line)? {
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

/// Takes hold of the stock of every line, or tells every shortage and every price that is not the quoted one.
fn reserve(connection: &Connection, placement: &Placement, offers: &[Offered], cause: &Cause) -> Result<Vec<Event>> {
    let order = &placement.order;
    let mut events = Vec::with_capacity(offers.len());
    let (mut shortages, mut price_changes) = (Vec::new(), Vec::new());
    for ((line, offer), stock_move) in order.lines.iter().zip(offers).zip(placement.moves()) {
        match orders::apply_move(connection, order, (offer.key, line.sku.clone()), &stock_move, cause)? {
            Some(event) => events.push(event),
            None => shortages.push(shortage(connection, offer.key, line)?),
        }
        if offer.price != line.unit_price {
            let (product_id, sku) = (line.product_id, line.sku.clone());
            price_changes.push(PriceChange {
                product_id,
                sku,
                agreed: line.unit_price.clone(),
                price: offer.price.clone(),
            });
        }
    }
    match shortages.is_empty() && price_changes.is_empty() {
        true => Ok(events),
        false => Err(Error::OfferChanged { shortages, price_changes }),
    }
}

fn shortage(connection: &Connection, product_key: i64, line: &OrderLine) -> Result<Shortage> {
    let sql = "SELECT on_hand - reserved FROM stock WHERE product_key = ?1";
    let available = rows::one(connection, "stock", sql, [product_key], |row| row.get(0))?;
    let (product_id, sku) = (line.product_id, line.sku.clone());
    Ok(Shortage { product_id, sku, requested: line.quantity.into(), available })
}

/// Counts an order among those that use a coupon, within its limits.
fn use_coupon(connection: &Connection, code: &CouponCode, order: &Order) -> Result<()> {
    let customer = customer_key(connection, order)?;
    let limit = rows::maybe(
        connection,
        "SELECT max_uses_per_customer FROM pricing_rule WHERE kind = 'coupon' AND code = ?1",
        [code.as_str()],
        |row| row.get::<_, Option<i64>>(0),
    )?;
    let limit = limit.ok_or(Error::COUPON_INVALID)?;
    let of_all = rows::execute(
        connection,
        "UPDATE pricing_rule SET uses = uses + 1
         WHERE kind = 'coupon' AND code = ?1 AND (max_uses IS NULL OR uses < max_uses)",
        [code.as_str()],
    );
    let of_customer = rows::execute(
        connection,
        "INSERT INTO coupon_use VALUES (?1, ?2, 1)
         ON CONFLICT DO UPDATE SET uses = uses + 1 WHERE ?3 IS NULL OR uses < ?3",
        params![code.as_str(), customer, limit],
    );
    match (of_all.map_err(failed)?, of_customer.map_err(failed)?) {
        (1, 1) => Ok(()),
        _ => Err(Error::COUPON_USED_UP),
    }
}

/// Lets somebody else use the coupon of an order that has ended.
pub(crate) fn free_coupon(connection: &Connection, order: &Order) -> Result<()> {
    let Some(code) = &order.coupon else { return Ok(()) };
    let customer: i64 = rows::one(
        connection,
        "customer",
        "SELECT customer_key FROM customer WHERE id = ?1",
        [order.customer_id.uuid()],
        |row| row.get(0),
    )?;
    let sql = "UPDATE pricing_rule SET uses = uses - 1 WHERE kind = 'coupon' AND code = ?1 AND uses > 0";
    rows::execute(connection, sql, [code.as_str()]).map_err(failed)?;
    let sql = "UPDATE coupon_use SET uses = uses - 1 WHERE code = ?1 AND customer_key = ?2 AND uses > 0";
    rows::execute(connection, sql, params![code.as_str(), customer]).map(drop).map_err(failed)
}

/// The row of a buyer who was not forgotten.
fn customer_key(connection: &Connection, order: &Order) -> Result<i64> {
    let sql = "SELECT customer_key FROM customer WHERE id = ?1 AND status <> 'erased'";
    rows::one(connection, "customer", sql, [order.customer_id.uuid()], |row: &Row<'_>| row.get(0))
}

/// Writes an order down and gives it its number.
fn insert(connection: &Connection, order: &mut Order) -> Result<()> {
    rows::execute(
        connection,
        "INSERT INTO sales_order (id, customer_key, status, currency, total_minor, paid_minor, refunded_minor, version, placed_at,
            updated_at, expires_at, document)
         VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, ?6, ?7, ?7, ?8, '{}')",
        params![
            order.id.uuid(),
            customer_key(connection, order)?,
            order.status.as_str(),
            order.currency().as_str(),
            order.totals.grand_total.amount_minor(),
            order.version,
            order.placed_at.timestamp_micros(),
            order.expires_at().map(|at| at.timestamp_micros()),
        ],
    )
    .map_err(failed)?;
    let order_key = connection.last_insert_rowid();
    order.number = OrderNumber::new(order.placed_at, order_key);
    let document = serde_json::to_string(order).map_err(internal)?;
    let sql = "UPDATE sales_order SET document = ?2 WHERE order_key = ?1";
    rows::execute(connection, sql, params![order_key, document]).map_err(failed)?;
    Ok(())
}
