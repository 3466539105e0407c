use super::{Ending, Fulfilment, HistoryEntry, Order, OrderLine, OrderStatus, OrderStep};
use crate::{Cause, CustomerId, Error, MovementKind, PaymentId, ProductId, Reason, Result};
use std::sync::Arc;

/// Pieces of a product that an order takes hold of, lets go, sends or takes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockMove {
    /// Which product.
    pub product_id: ProductId,
    /// What happens to them.
    pub kind: MovementKind,
    /// How many.
    pub pieces: u32,
}

impl StockMove {
    /// Pieces that come into the house (negative: leave it).
    pub fn on_hand_change(&self) -> i64 {
        let pieces = i64::from(self.pieces);
        match self.kind {
            MovementKind::Shipped => -pieces,
            MovementKind::Returned => pieces,
            MovementKind::Placed | MovementKind::Released | MovementKind::Adjusted => 0,
        }
    }

    /// Pieces that orders take hold of (negative: let go).
    pub fn reserved_change(&self) -> i64 {
        let pieces = i64::from(self.pieces);
        match self.kind {
            MovementKind::Placed => pieces,
            MovementKind::Released | MovementKind::Shipped => -pieces,
            MovementKind::Returned | MovementKind::Adjusted => 0,
        }
    }
}

/// What becomes of an order. A store keeps all of it or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderChange {
    /// The order afterwards, with the next version.
    pub order: Order,
    /// What its event is called by.
    pub step: OrderStep,
    /// What happens to its goods, one for each product and kind, by product.
    pub moves: Vec<StockMove>,
    /// Whether its coupon may be used by somebody else.
    pub frees_coupon: bool,
}

/// Says what becomes of an order as it is now; `None` when it happened before. May be asked again when somebody was faster.
pub type Decide = Arc<dyn Fn(&Order) -> Result<Option<OrderChange>> + Send + Sync>;

/// An order that is being changed.
pub(super) struct Draft<'a> {
    pub(super) order: Order,
    pub(super) cause: &'a Cause,
    pub(super) moves: Vec<StockMove>,
    /// What happened, for the history: step, who, why.
    pub(super) steps: Vec<(OrderStep, Option<CustomerId>, Option<String>)>,
    before: OrderStatus,
    had_ended: bool,
}

impl<'a> Draft<'a> {
    pub(super) fn of(order: &Order, cause: &'a Cause) -> Self {
        let (moves, steps, before, had_ended) = (Vec::new(), Vec::new(), order.status, order.ended.is_some());
        Self { order: order.clone(), cause, moves, steps, before, had_ended }
    }

    pub(super) fn note(&mut self, step: OrderStep, actor: Option<CustomerId>, reason: Option<String>) {
        self.steps.push((step, actor, reason));
    }

    pub(super) fn moves(&mut self, product_id: ProductId, kind: MovementKind, pieces: u32) {
        let same = |stock_move: &&mut StockMove| stock_move.product_id == product_id && stock_move.kind == kind;
        match self.moves.iter_mut().find(same) {
            Some(stock_move) => stock_move.pieces += pieces,
            None if pieces > 0 => self.moves.push(StockMove { product_id, kind, pieces }),
            None => {}
        }
    }

    /// Takes every unsent piece off the order.
    pub(super) fn release_unsent(&mut self) {
        let mut lines = std::mem::take(&mut self.order.lines);
        for line in &mut lines {
            let released = line.cancel(u32::MAX);
            self.moves(line.product_id, MovementKind::Released, released);
        }
        self.order.lines = lines;
    }

    pub(super) fn review(&mut self, reason: Reason) {
        self.note(OrderStep::ReviewRequested, None, Some(reason.to_string()));
        self.order.review = Some(reason);
    }

    pub(super) fn counts(&mut self, payment: PaymentId) {
        self.order.paid_by = Some(payment);
        self.order.payment_due_at = None;
    }

    /// The change, named by its most telling step; `None` when nothing happened.
    pub(super) fn finish(mut self) -> Result<Option<OrderChange>> {
        let Some(step) = self.steps.iter().map(|(step, ..)| *step).max_by_key(|step| weight(*step)) else {
            return Ok(None);
        };
        let order = &mut self.order;
        order.sum_up();
        order.fulfilment =
            fulfilment(&order.lines, order.shipments.iter().all(|shipment| shipment.delivered_at.is_some()));
        order.status = order.headline();
        if order.status != self.before && !self.before.may_become(order.status) {
            return Err(Error::Internal(format!("an order went from {:?} to {:?}", self.before, order.status)));
        }
        order.version += 1;
        order.updated_at = self.cause.at;
        let (version, at, status) = (order.version, order.updated_at, order.status);
        let entry = |(step, actor, reason)| HistoryEntry { version, at, step, status, actor, reason };
        order.history.extend(self.steps.into_iter().map(entry));
        self.moves.sort_by_key(|stock_move| (stock_move.product_id, stock_move.kind.as_str()));
        let frees_coupon = self.order.ended.is_some() && !self.had_ended && self.order.coupon.is_some();
        Ok(Some(OrderChange { order: self.order, step, moves: self.moves, frees_coupon }))
    }
}

/// What people want to hear first of several things that happened at once.
fn weight(step: OrderStep) -> u8 {
    match step {
        OrderStep::ReviewRequested => 3,
        OrderStep::CaptureRequested | OrderStep::VoidRequested | OrderStep::RefundRequested => 1,
        _ => 2,
    }
}

/// Where the goods are.
fn fulfilment(lines: &[OrderLine], have_arrived: bool) -> Fulfilment {
    let (shipped, unsent) = lines.iter().fold((0, 0), |(shipped, unsent), line| {
        (shipped + u64::from(line.shipped), unsent + u64::from(line.unshipped()))
    });
    match (shipped, unsent) {
        (0, _) => Fulfilment::Unfulfilled,
        (_, 1..) => Fulfilment::PartiallyShipped,
        _ if have_arrived => Fulfilment::Delivered,
        _ => Fulfilment::Shipped,
    }
}

impl Order {
    /// Takes over what the payment that counts says.
    fn sum_up(&mut self) {
        let nothing = self.totals.grand_total.zero();
        let (paid, refunded) = match self.paying() {
            Some(payment) => (payment.captured.clone(), payment.refunded.clone()),
            None => (nothing.clone(), nothing),
        };
        (self.totals.paid, self.totals.refunded) = (paid, refunded);
    }

    /// The one word that goods and money add up to.
    fn headline(&self) -> OrderStatus {
        let (paid, refunded) = (self.totals.paid.amount_minor(), self.totals.refunded.amount_minor());
        match (self.ended, self.fulfilment) {
            _ if self.review.is_some() => OrderStatus::UnderReview,
            (Some(Ending::Cancelled), _) => OrderStatus::Cancelled,
            (Some(Ending::Expired), _) => OrderStatus::Expired,
            _ if refunded > 0 && refunded >= paid => OrderStatus::Refunded,
            _ if refunded > 0 => OrderStatus::PartiallyRefunded,
            (None, Fulfilment::Delivered) => OrderStatus::Delivered,
            (None, Fulfilment::Shipped) => OrderStatus::Shipped,
            (None, Fulfilment::PartiallyShipped) => OrderStatus::PartiallyShipped,
            (None, Fulfilment::Unfulfilled) if self.is_paid() => OrderStatus::Paid,
            (None, Fulfilment::Unfulfilled) => OrderStatus::PendingPayment,
        }
    }
}
