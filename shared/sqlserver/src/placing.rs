//! What the batch of `place_order` is sent with, and why it did nothing.

use crate::command::Batch;
use crate::value::{Value, document, json};
use crate::{rows, statements};
use serde::Deserialize;
use serde_json::json as row;
use souk_domain::{
    Cause, CurrencyCode, Error, Event, Money, OrderLine, Placement, PriceChange, ProductId, ProductStatus, Result,
    Shortage, Sku,
};

pub(crate) fn batch<'a>(placement: &Placement, cause: &'a Cause) -> Result<Batch<'a>> {
    let order = &placement.order;
    let number = order.number.to_string();
    let number_begins = number.rsplit_once('-').map_or("", |(begins, _)| begins);
    let line = |(number, line): (usize, &OrderLine)| {
        let agreed = &line.unit_price;
        row!({
            "line": number, "product": line.product_id, "name": line.name, "quantity": line.quantity,
            "agreed": agreed.amount_minor(), "agreed_in": agreed.currency(),
        })
    };
    let mut values: Vec<Value> = vec![
        order.id.uuid().into(),
        order.customer_id.uuid().into(),
        document(order)?,
        Event::order_changed(order, Placement::STEP, cause).data.content().to_string().into(),
        format!("{number_begins}-").into(),
        order.status.as_str().into(),
        order.currency().as_str().into(),
        order.totals.grand_total.amount_minor().into(),
        order.placed_at.into(),
        order.expires_at().into(),
        json((1..).zip(&order.lines).map(line).collect()),
        order.lines.len().into(),
    ];
    Ok(match &order.coupon {
        None => Batch::new(&statements::PLACE_ORDER, cause, values),
        Some(coupon) => {
            values.push(coupon.as_str().into());
            Batch::new(&statements::PLACE_ORDER_WITH_COUPON, cause, values)
        }
    })
}

/// A line of a refused order and the offer that it met: absent what an unknown product lacks. Flat, because engines differ in what
/// becomes of an object without members.
#[derive(Deserialize)]
struct Met {
    line: i64,
    product: ProductId,
    quantity: i64,
    agreed: i64,
    agreed_in: CurrencyCode,
    sku: Option<Sku>,
    status: Option<ProductStatus>,
    price_minor: Option<i64>,
    currency: Option<CurrencyCode>,
    available: Option<i64>,
}

impl Met {
    fn shortage(&self) -> Option<Shortage> {
        let (product_id, sku, requested) = (self.product, self.sku.clone()?, self.quantity);
        let available = self.available.filter(|available| *available < requested)?;
        Some(Shortage { product_id, sku, requested, available })
    }

    fn price_change(&self) -> Result<Option<PriceChange>> {
        let offered = self.sku.clone().zip(self.price_minor).zip(self.currency.clone());
        let Some(((sku, price), offered_in)) = offered else { return Ok(None) };
        let (agreed, price) = (Money::new(self.agreed, self.agreed_in.clone())?, Money::new(price, offered_in)?);
        Ok((agreed != price).then_some(PriceChange { product_id: self.product, sku, agreed, price }))
    }
}

/// Why an order was not placed: all that its lines met, as the batch tells it. `None` when nothing refuses them any more.
pub(crate) fn refusal(detail: &str) -> Result<Option<Error>> {
    let mut lines: Vec<Met> = rows::parse(detail)?;
    lines.sort_by_key(|met| met.line);
    let those = |which: fn(&Met) -> bool| -> Vec<ProductId> {
        lines.iter().filter(|met| which(met)).map(|met| met.product).collect()
    };
    let unknown = those(|met| met.sku.is_none());
    if !unknown.is_empty() {
        return Ok(Some(Error::UnknownProducts(unknown)));
    }
    let discontinued = those(|met| met.status == Some(ProductStatus::Discontinued));
    if !discontinued.is_empty() {
        return Ok(Some(Error::DiscontinuedProducts(discontinued)));
    }
    let shortages: Vec<_> = lines.iter().filter_map(Met::shortage).collect();
    let changes = lines.iter().filter_map(|met| met.price_change().transpose());
    let price_changes: Vec<_> = changes.collect::<Result<_>>()?;
    let is_refused = !shortages.is_empty() || !price_changes.is_empty();
    Ok(is_refused.then_some(Error::OfferChanged { shortages, price_changes }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value as Json;

    const ID: &str = "01900000-0000-7000-8000-000000000001";

    /// A line for two pieces at 1.00, of which one is left, with other members.
    fn line(other: Json) -> Json {
        let mut line = row!({
            "line": 1, "product": ID, "quantity": 2, "agreed": 100, "agreed_in": "GBP", "id": ID, "sku": "A", "status": "active",
            "price_minor": 100, "currency": "GBP", "available": 1,
        });
        for (name, value) in other.as_object().expect("an object") {
            line[name] = value.clone();
        }
        line
    }

    fn refused(lines: Json) -> Option<Error> {
        refusal(&lines.to_string()).expect("lines")
    }

    #[test]
    fn unknown_products_are_told_before_discontinued_ones_and_those_before_changes() {
        let unknown = row!({ "line": 3, "product": ID, "quantity": 1, "agreed": 100, "agreed_in": "GBP" });
        let gone = line(row!({ "status": "discontinued" }));
        let all = refused(row!([line(row!({})), gone, unknown]));
        assert!(matches!(&all, Some(Error::UnknownProducts(ids)) if ids.len() == 1), "{all:?}");
        let known = refused(row!([line(row!({})), gone]));
        assert!(matches!(&known, Some(Error::DiscontinuedProducts(ids)) if ids.len() == 1), "{known:?}");
    }

    #[test]
    fn shortages_and_price_changes_are_told_together() {
        let dearer = |minor: i64, currency: &str| line(row!({ "price_minor": minor, "currency": currency }));
        let lines = row!([dearer(100, "GBP"), dearer(101, "GBP"), dearer(100, "EUR"), line(row!({ "available": 2 }))]);
        let Some(Error::OfferChanged { shortages, price_changes }) = refused(lines) else { panic!("no change") };
        assert_eq!((shortages.len(), shortages[0].requested, shortages[0].available), (3, 2, 1));
        let changes: Vec<_> =
            price_changes.iter().map(|change| (change.agreed.amount_minor(), change.price.amount_minor())).collect();
        assert_eq!(changes, [(100, 101), (100, 100)]);
    }

    #[test]
    fn lines_that_nothing_refuses_any_more_are_tried_again() {
        assert!(refused(row!([line(row!({ "available": 2 }))])).is_none());
    }
}
