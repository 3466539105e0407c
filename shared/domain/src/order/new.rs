use super::{Fulfilment, HistoryEntry, Order, OrderLine, OrderNumber, OrderStatus, OrderStep, StockMove};
use crate::{
    Address, CouponCode, CustomerId, DateTime, MethodCode, Money, MovementKind, OrderId, ProductId, Quantity, Quote,
    Violation,
};
use chrono::Duration;
use std::collections::BTreeMap;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// Who buys.
    pub customer_id: CustomerId,
    /// Where it goes; absent for goods that are not sent.
    pub shipping_address: Option<Address>,
    /// How it goes there.
    pub shipping_method: Option<MethodCode>,
    /// What takes something off.
    pub coupon: Option<CouponCode>,
    /// What the buyer agreed to pay for everything; another total refuses the order.
    pub agreed_total: Option<Money>,
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
        let lines = quantities.into_iter().map(line).collect();
        Ok(Self { customer_id, shipping_address, shipping_method: None, coupon: None, agreed_total: None, lines })
    }

    /// One line for each product, by product id.
    pub fn lines(&self) -> &[NewOrderLine] {
        &self.lines
    }
}

/// An order that is about to be kept. Its number is the store's to give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The order; its number counts as 0.
    pub order: Order,
    /// What the buyer agreed to pay for a piece, line by line.
    pub agreed_prices: Vec<Option<Money>>,
}

impl Placement {
    /// The order that a quote becomes when nothing changed. It wants to be paid within `window`, unless there is nothing to pay.
    pub fn new(quote: Quote, at: DateTime, window: Duration) -> Self {
        let Quote { new, lines, totals, tax, shipping } = quote;
        let (lines, agreed_prices) = lines.into_iter().map(|line| (line.line, line.agreed_price)).unzip();
        let is_free = totals.grand_total.amount_minor() == 0;
        let status = if is_free { OrderStatus::Paid } else { OrderStatus::PendingPayment };
        let entry = HistoryEntry {
            version: 1,
            at,
            step: OrderStep::Placed,
            status,
            actor: Some(new.customer_id),
            reason: None,
        };
        let order = Order {
            id: OrderId::new(),
            number: OrderNumber::new(at, 0),
            customer_id: new.customer_id,
            status,
            fulfilment: Fulfilment::Unfulfilled,
            ended: None,
            lines,
            totals,
            tax,
            shipping,
            coupon: new.coupon,
            shipping_address: new.shipping_address,
            payments: Vec::new(),
            paid_by: None,
            payment_due_at: (!is_free).then(|| at + window),
            shipments: Vec::new(),
            returns: Vec::new(),
            notes: Vec::new(),
            review: None,
            history: vec![entry],
            version: 1,
            placed_at: at,
            updated_at: at,
        };
        Self { order, agreed_prices }
    }

    /// What its event is called by.
    pub const STEP: OrderStep = OrderStep::Placed;

    /// What it takes hold of.
    pub fn moves(&self) -> impl Iterator<Item = StockMove> + '_ {
        let reserve = |line: &OrderLine| StockMove {
            product_id: line.product_id,
            kind: MovementKind::Placed,
            pieces: line.quantity.get(),
        };
        self.order.lines.iter().map(reserve)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(product_id: ProductId, pieces: u32) -> NewOrderLine {
        NewOrderLine { product_id, quantity: Quantity::new(pieces).expect("a quantity"), agreed_price: None }
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
}
