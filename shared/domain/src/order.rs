use crate::{
    Address, CurrencyCode, CustomerId, DateTime, Money, OrderId, ProductId, ProductName, Quantity, Sku, Version,
    Violation,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Where an order is in its life.
///
/// ```text
/// placed ──cancel──▶ cancelled
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Stock is reserved.
    Placed,
    /// Stock was given back. The end.
    Cancelled,
}

impl OrderStatus {
    /// Every status.
    pub const ALL: [OrderStatus; 2] = [OrderStatus::Placed, OrderStatus::Cancelled];

    /// Whether the life of an order leads from this status directly to `next`.
    pub fn may_become(self, next: OrderStatus) -> bool {
        matches!((self, next), (OrderStatus::Placed, OrderStatus::Cancelled))
    }

    /// The word that stands for the status in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            OrderStatus::Placed => "placed",
            OrderStatus::Cancelled => "cancelled",
        }
    }

    /// The status that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// A wish for pieces of one product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrderLine {
    /// Which product.
    pub product_id: ProductId,
    /// How many.
    pub quantity: Quantity,
    /// What the buyer agreed to pay for one piece; `None` for whatever it costs. Another price refuses the order.
    pub agreed_price: Option<Money>,
}

/// An order that is about to be placed: one line for each product, in the order of their ids, so that orders which
/// race for the same products take hold of them in the same order.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// Who buys.
    pub customer_id: CustomerId,
    /// Where it goes; absent for goods that are not sent.
    pub shipping_address: Option<Address>,
    lines: Vec<NewOrderLine>,
}

impl NewOrder {
    /// Most lines of one order, as sent.
    pub const MAX_LINES: usize = 2000;

    /// Sums the quantities of lines that name the same product.
    ///
    /// # Errors
    /// `invalid_quantity` for no line, more than [`NewOrder::MAX_LINES`] or a sum above [`Quantity::MAX`]. The price that was
    /// agreed to last counts.
    pub fn new(
        customer_id: CustomerId,
        lines: impl IntoIterator<Item = NewOrderLine>,
        shipping_address: Option<Address>,
    ) -> Result<Self, Violation> {
        let mut quantities = BTreeMap::new();
        let mut count = 0;
        for line in lines {
            count += 1;
            let (sum, agreed) = match quantities.remove(&line.product_id) {
                Some((already, agreed)) => (line.quantity.plus(already)?, line.agreed_price.or(agreed)),
                None => (line.quantity, line.agreed_price),
            };
            quantities.insert(line.product_id, (sum, agreed));
        }
        if !(1..=Self::MAX_LINES).contains(&count) {
            return Err(Violation::new("invalid_quantity", format!("an order has 1 to {} lines", Self::MAX_LINES)));
        }
        let line = |(product_id, (quantity, agreed_price))| NewOrderLine { product_id, quantity, agreed_price };
        Ok(Self { customer_id, shipping_address, lines: quantities.into_iter().map(line).collect() })
    }

    /// One line for each product, by product id.
    pub fn lines(&self) -> &[NewOrderLine] {
        &self.lines
    }
}

/// Pieces of one product in an order, at the price of the moment it was placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderLine {
    /// Which product.
    pub product_id: ProductId,
    /// Its SKU then.
    pub sku: Sku,
    /// Its name then.
    pub name: ProductName,
    /// How many.
    pub quantity: Quantity,
    /// The price of one piece then.
    pub unit_price: Money,
    /// `quantity` × `unitPrice`.
    pub line_total: Money,
}

impl OrderLine {
    /// A line at a price.
    ///
    /// # Errors
    /// `amount_too_large`
    pub fn new(
        product_id: ProductId,
        sku: Sku,
        name: ProductName,
        quantity: Quantity,
        unit_price: Money,
    ) -> Result<Self, Violation> {
        let line_total = unit_price.times(quantity)?;
        Ok(Self { product_id, sku, name, quantity, unit_price, line_total })
    }
}

/// What a customer bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Stable name for programs.
    pub id: OrderId,
    /// Who bought.
    pub customer_id: CustomerId,
    /// Where it is in its life.
    pub status: OrderStatus,
    /// One for each product.
    pub lines: Vec<OrderLine>,
    /// The sum of the lines.
    pub total: Money,
    /// Where it goes; absent for goods that are not sent.
    pub shipping_address: Option<Address>,
    /// Grows with each change.
    pub version: Version,
    /// UTC.
    pub placed_at: DateTime,
    /// UTC.
    pub updated_at: DateTime,
}

impl Order {
    /// The order that `new` makes of lines with prices.
    ///
    /// # Errors
    /// `amount_too_large`; `invalid_currency` when the lines have prices in different currencies.
    pub fn place(new: &NewOrder, lines: Vec<OrderLine>, at: DateTime) -> Result<Self, Violation> {
        Ok(Self {
            id: OrderId::new(),
            customer_id: new.customer_id,
            status: OrderStatus::Placed,
            total: total(&lines)?,
            lines,
            shipping_address: new.shipping_address.clone(),
            version: 1,
            placed_at: at,
            updated_at: at,
        })
    }

    /// The currency of all its amounts.
    pub fn currency(&self) -> &CurrencyCode {
        self.total.currency()
    }
}

fn total(lines: &[OrderLine]) -> Result<Money, Violation> {
    let (first, rest) = lines.split_first().ok_or_else(|| Violation::new("invalid_quantity", "an order has a line"))?;
    rest.iter().try_fold(first.line_total.clone(), |sum, line| sum.plus(&line.line_total))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(product_id: ProductId, pieces: u32) -> NewOrderLine {
        NewOrderLine { product_id, quantity: Quantity::new(pieces).expect("a quantity"), agreed_price: None }
    }

    fn priced(pieces: u32, minor: i64, currency: &str) -> OrderLine {
        let price = Money::new(minor, CurrencyCode::parse(currency).expect("a currency")).expect("an amount");
        let (sku, name) = (Sku::parse("A").expect("a sku"), ProductName::parse("A").expect("a name"));
        OrderLine::new(ProductId::new(), sku, name, Quantity::new(pieces).expect("a quantity"), price).expect("a line")
    }

    #[test]
    fn lines_of_one_product_become_one_line_in_id_order() {
        let (a, b) = (ProductId::new(), ProductId::new());
        let lines = [line(b, 1), line(a, 2), line(b, 3)];
        let order = NewOrder::new(CustomerId::new(), lines, None).expect("an order");
        let mut expected = [line(a, 2), line(b, 4)];
        expected.sort_by_key(|line| line.product_id);
        assert_eq!(order.lines(), expected);
    }

    #[test]
    fn an_order_needs_lines_and_bounded_sums() {
        let product = ProductId::new();
        assert!(NewOrder::new(CustomerId::new(), [], None).is_err());
        assert!(NewOrder::new(CustomerId::new(), [line(product, 600_000), line(product, 600_000)], None).is_err());
        assert!(NewOrder::new(CustomerId::new(), vec![line(product, 1); 2001], None).is_err());
    }

    #[test]
    fn an_order_has_one_currency() {
        let new = NewOrder::new(CustomerId::new(), [line(ProductId::new(), 1)], None).expect("an order");
        let mixed = vec![priced(1, 100, "GBP"), priced(1, 100, "EUR")];
        assert_eq!(Order::place(&new, mixed, crate::now()).expect_err("mixed").code, "invalid_currency");
    }

    #[test]
    fn a_cancelled_order_stays_cancelled() {
        for next in OrderStatus::ALL {
            assert!(!OrderStatus::Cancelled.may_become(next));
        }
        assert!(OrderStatus::Placed.may_become(OrderStatus::Cancelled));
    }

    proptest! {
        #[test]
        fn the_total_is_the_sum_of_the_lines(parts in prop::collection::vec((1u32..1000, 0i64..1_000_000), 1..50)) {
            let new = NewOrder::new(CustomerId::new(), [line(ProductId::new(), 1)], None).expect("an order");
            let lines = parts.iter().map(|(pieces, minor)| priced(*pieces, *minor, "GBP")).collect();
            let order = Order::place(&new, lines, crate::now()).expect("fits");
            let sum: i64 = parts.iter().map(|(pieces, minor)| i64::from(*pieces) * minor).sum();
            prop_assert_eq!(order.total.amount_minor(), sum);
        }
    }
}
