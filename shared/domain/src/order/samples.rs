//! Orders for tests.

use super::*;
use crate::{
    Cause, Description, Grams, Money, NewOrder, NewOrderLine, Product, ProductFields, ProductName, Quantity, Quote,
    Sku, StockLevel, Terms,
};
use chrono::Duration;

pub(crate) fn gbp(minor: i64) -> Money {
    Money::new(minor, "GBP".parse().expect("a currency")).expect("an amount")
}

pub(crate) fn cause() -> Cause {
    Cause::internal("test")
}

/// A product at a price with plenty of stock.
pub(crate) fn product(sku: &str, minor: i64, grams: i64) -> (Product, StockLevel) {
    let fields = ProductFields {
        name: ProductName::parse(sku).expect("a name"),
        description: Description::default(),
        category_id: crate::CategoryId::new(),
        price: gbp(minor),
        weight_grams: Grams::try_from(grams).expect("a weight"),
    };
    let product = Product::new(Sku::parse(sku).expect("a sku"), fields, crate::now());
    let stock = StockLevel {
        product_id: product.id,
        sku: product.sku.clone(),
        on_hand: 1_000_000,
        reserved: 0,
        available: 1_000_000,
        version: 1,
        updated_at: crate::now(),
    };
    (product, stock)
}

/// A wish for pieces of each product of the terms.
pub(crate) fn wish(terms: &Terms, pieces: &[u32]) -> NewOrder {
    let line = |((product, _), pieces): (&(Product, StockLevel), &u32)| NewOrderLine {
        product_id: product.id,
        quantity: Quantity::new(*pieces).expect("a quantity"),
        agreed_price: None,
    };
    NewOrder::new(crate::CustomerId::new(), terms.products.iter().zip(pieces).map(line), None).expect("a wish")
}

/// An order of pieces at prices, that waits for its payment.
pub(crate) fn order(lines: &[(u32, i64)]) -> Order {
    let products = lines.iter().enumerate().map(|(index, (_, minor))| product(&format!("P{index}"), *minor, 100));
    let terms = Terms { products: products.collect(), ..Terms::default() };
    let pieces: Vec<u32> = lines.iter().map(|(pieces, _)| *pieces).collect();
    let quote = Quote::new(wish(&terms, &pieces), &terms, crate::now()).expect("a quote");
    Placement::new(quote, crate::now(), Duration::minutes(30)).order
}
