//! What the batch of `place_order` is sent with, and why it did nothing.

use crate::SqlServerStore;
use crate::command::Batch;
use crate::statements;
use crate::value::{Value, document, json};
use serde_json::json as row;
use souk_domain::ports::Products;
use souk_domain::{
    Cause, Error, Event, OrderLine, Placement, PriceChange, Product, ProductId, ProductStatus, Result, Shortage,
    StockLevel,
};
use std::collections::HashMap;

pub(crate) fn batch<'a>(placement: &Placement, cause: &'a Cause) -> Result<Batch<'a>> {
    let order = &placement.order;
    let number = order.number.to_string();
    let number_begins = number.rsplit_once('-').map_or("", |(begins, _)| begins);
    let line = |(number, line): (usize, &OrderLine)| {
        let (quantity, price) = (line.quantity, line.unit_price.amount_minor());
        row!({ "line": number, "product": line.product_id, "name": line.name, "quantity": quantity, "price": price })
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

impl SqlServerStore {
    /// Why an order was not placed: all that its lines meet. `None` when nothing refuses them any more.
    pub(crate) async fn why_refused(&self, placement: &Placement) -> Result<Option<Error>> {
        let lines = &placement.order.lines;
        let ids: Vec<ProductId> = lines.iter().map(|line| line.product_id).collect();
        Ok(refusal(lines, &self.products_by_id(&ids).await?))
    }
}

fn refusal(lines: &[OrderLine], offers: &[(Product, StockLevel)]) -> Option<Error> {
    let offers: HashMap<ProductId, _> = offers.iter().map(|offer| (offer.0.id, offer)).collect();
    let unknown: Vec<_> = lines.iter().map(|line| line.product_id).filter(|id| !offers.contains_key(id)).collect();
    if !unknown.is_empty() {
        return Some(Error::UnknownProducts(unknown));
    }
    let offered = || lines.iter().filter_map(|line| Some((line, *offers.get(&line.product_id)?)));
    let discontinued = offered().filter(|(_, (product, _))| product.status == ProductStatus::Discontinued);
    let discontinued: Vec<_> = discontinued.map(|(line, _)| line.product_id).collect();
    if !discontinued.is_empty() {
        return Some(Error::DiscontinuedProducts(discontinued));
    }
    let shortage = |(line, (product, stock)): (&OrderLine, &(Product, StockLevel))| {
        let (requested, available) = (i64::from(line.quantity), stock.available);
        let (product_id, sku) = (line.product_id, product.sku.clone());
        (available < requested).then_some(Shortage { product_id, sku, requested, available })
    };
    let price_change = |(line, (product, _)): (&OrderLine, &(Product, StockLevel))| {
        let (product_id, sku) = (line.product_id, product.sku.clone());
        let (agreed, price) = (line.unit_price.clone(), product.price.clone());
        (agreed != price).then_some(PriceChange { product_id, sku, agreed, price })
    };
    let shortages: Vec<_> = offered().filter_map(shortage).collect();
    let price_changes: Vec<_> = offered().filter_map(price_change).collect();
    let is_refused = !shortages.is_empty() || !price_changes.is_empty();
    is_refused.then_some(Error::OfferChanged { shortages, price_changes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use souk_domain::{CategoryId, Description, Grams, Money, ProductFields, Quantity, now};

    fn gbp(minor: i64) -> Money {
        Money::new(minor, "GBP".parse().expect("a currency")).expect("an amount")
    }

    /// A product at 1.00, of which some are available, and a line for two of it.
    fn offer(sku: &str, available: i64) -> (OrderLine, (Product, StockLevel)) {
        let fields = ProductFields {
            name: "Lamp".parse().expect("a name"),
            description: Description::default(),
            category_id: CategoryId::new(),
            price: gbp(100),
            weight_grams: Grams::default(),
        };
        let product = Product::new(sku.parse().expect("a SKU"), fields, now());
        let two = Quantity::new(2).expect("a quantity");
        let line = OrderLine::new(&product, two, gbp(0), gbp(0), true).expect("a line");
        let (product_id, sku, reserved) = (product.id, product.sku.clone(), 0);
        let stock =
            StockLevel { product_id, sku, on_hand: available, reserved, available, version: 1, updated_at: now() };
        (line, (product, stock))
    }

    #[test]
    fn unknown_products_are_told_before_discontinued_ones_and_those_before_changes() {
        let [(short, offer_of_short), (gone, mut offer_of_gone), (unknown, _)] =
            ["A", "B", "C"].map(|sku| offer(sku, 1));
        offer_of_gone.0.status = ProductStatus::Discontinued;
        let offers = [offer_of_short, offer_of_gone];
        let all = refusal(&[short.clone(), gone.clone(), unknown.clone()], &offers);
        assert!(matches!(&all, Some(Error::UnknownProducts(ids)) if *ids == [unknown.product_id]), "{all:?}");
        let known = refusal(&[short.clone(), gone.clone()], &offers);
        assert!(matches!(&known, Some(Error::DiscontinuedProducts(ids)) if *ids == [gone.product_id]), "{known:?}");
        let short = refusal(&[short], &offers);
        assert!(matches!(&short, Some(Error::OfferChanged { .. })), "{short:?}");
    }

    #[test]
    fn shortages_and_price_changes_are_told_together() {
        let [(a, mut dearer), (b, fine)] = [offer("A", 1), offer("B", 2)];
        dearer.0.price = gbp(101);
        let Some(Error::OfferChanged { shortages, price_changes }) = refusal(&[a, b], &[fine, dearer]) else {
            panic!("no change")
        };
        let shortages: Vec<_> = shortages.iter().map(|s| (s.sku.as_str(), s.requested, s.available)).collect();
        assert_eq!(shortages, [("A", 2, 1)]);
        let changes: Vec<_> =
            price_changes.iter().map(|c| (c.sku.as_str(), c.agreed.clone(), c.price.clone())).collect();
        assert_eq!(changes, [("A", gbp(100), gbp(101))]);
    }

    #[test]
    fn lines_that_nothing_refuses_any_more_are_tried_again() {
        let (line, offer) = offer("A", 2);
        assert!(refusal(&[line], &[offer]).is_none());
    }
}
