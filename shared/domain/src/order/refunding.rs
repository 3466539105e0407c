use super::change::Draft;
use super::{OperationKind, Order, OrderChange, OrderStep, Payment, ShippedPieces};
use crate::{Cause, CustomerId, Error, Money, MovementKind, PaymentId, Quantity, Reason, Result};

/// What of an order's money is to go back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundWish {
    /// All that is left. Pieces that were not sent are taken off the order.
    All,
    /// An amount, whatever it is for. Nothing is taken off the order.
    Amount(Money),
    /// The price of pieces, with their part of discount and tax. Those that were not sent are taken off the order first.
    Lines(Vec<ShippedPieces>),
}

impl Order {
    /// Writes down that money is to go back, of `payment`, or else of the one that counts. Nothing when all of it went, or was asked to,
    /// and all is wished for. A payment that does not count gives back amounts only: the goods are another's.
    ///
    /// # Errors
    /// `NotFound` for the payment, `order_status` for one that brought no money, `refund_too_large` beyond what is left, `not_in_order` for
    /// a line or pieces that the order has not, `invalid_currency`.
    pub fn refund(
        &self,
        payment: Option<PaymentId>,
        wish: &RefundWish,
        why: &Reason,
        actor: CustomerId,
        cause: &Cause,
    ) -> Result<Option<OrderChange>> {
        let payment = match payment {
            Some(id) => Some(&self.payments[self.place_of(id)?]),
            None => self.refundable(),
        };
        let payment = payment.filter(|payment| payment.captured.amount_minor() > 0).ok_or(Error::ORDER_STATUS)?;
        let (id, left, counts) = (payment.id, payment.refundable(), self.paid_by == Some(payment.id));
        let mut draft = Draft::of(self, cause);
        let (amount, lines) = match wish {
            RefundWish::All if left == 0 => return Ok(None),
            RefundWish::All => {
                let lines = if counts { draft.take_all_off()? } else { Vec::new() };
                (Money::new(left, self.currency().clone())?, lines)
            }
            RefundWish::Amount(amount) if amount.currency() != self.currency() => {
                return Err(Money::two_currencies().into());
            }
            RefundWish::Amount(amount) => (amount.clone(), Vec::new()),
            RefundWish::Lines(_) if !counts => return Err(Error::NOT_IN_ORDER),
            RefundWish::Lines(lines) => (draft.price_of(lines)?, lines.clone()),
        };
        if amount.amount_minor() > left || amount.amount_minor() == 0 {
            return Err(Error::REFUND_TOO_LARGE);
        }
        draft.ask_for_refund(id, amount, lines, why.clone(), Some(actor))?;
        draft.finish()
    }

    /// The payment whose money may go back: the one that counts, or, when an order was over before money came, the first with any left.
    fn refundable(&self) -> Option<&Payment> {
        let late = || self.payments.iter().filter(|_| self.ended.is_some()).find(|payment| payment.refundable() > 0);
        self.paying().filter(|payment| self.ended.is_none() || payment.refundable() > 0).or_else(late).or(self.paying())
    }
}

impl Draft<'_> {
    /// Takes what was not sent off the order and the money of every piece off its line.
    fn take_all_off(&mut self) -> Result<Vec<ShippedPieces>> {
        self.release_unsent();
        let mut taken = Vec::new();
        for line in self.order.lines.iter_mut().filter(|line| line.refundable() > 0) {
            taken.push(ShippedPieces { product_id: line.product_id, quantity: Quantity::new(line.refundable())? });
            line.refunded = line.quantity.get();
        }
        Ok(taken)
    }

    /// Takes the money of pieces off their lines, and the pieces off the order as far as they were not sent.
    fn price_of(&mut self, pieces: &[ShippedPieces]) -> Result<Money> {
        let mut sum = 0;
        for ShippedPieces { product_id, quantity } in pieces {
            let pieces = quantity.get();
            let line = self.line(*product_id).filter(|line| pieces <= line.refundable()).ok_or(Error::NOT_IN_ORDER)?;
            sum += line.price_of_next(pieces);
            line.refunded += pieces;
            let released = line.cancel(pieces);
            self.moves(*product_id, MovementKind::Released, released);
        }
        Ok(Money::new(sum, self.order.currency().clone())?)
    }

    /// The money of pieces that came back: at most what is left of the payment that counts. Pieces whose money went back already come
    /// without any.
    pub(super) fn refund_returned(&mut self, pieces: &[ShippedPieces], why: Reason, actor: CustomerId) -> Result<()> {
        let Some((id, left)) = self.order.paying().map(|payment| (payment.id, payment.refundable())) else {
            return Ok(());
        };
        let (mut sum, mut taken) = (0, Vec::new());
        for ShippedPieces { product_id, quantity } in pieces {
            let Some(line) = self.line(*product_id) else { continue };
            let pieces = quantity.get().min(line.unsettled());
            sum += line.price_of_next(pieces);
            line.refunded += pieces;
            taken.extend(Quantity::new(pieces).map(|quantity| ShippedPieces { product_id: *product_id, quantity }));
        }
        let amount = Money::new(sum.min(left), self.order.currency().clone())?;
        if amount.amount_minor() == 0 { Ok(()) } else { self.ask_for_refund(id, amount, taken, why, Some(actor)) }
    }

    /// Pieces that came back and whose money is settled: nothing that comes later brings it.
    pub(super) fn settle_returned(&mut self, pieces: &[ShippedPieces]) {
        for ShippedPieces { product_id, quantity } in pieces {
            if let Some(line) = self.line(*product_id) {
                line.refunded += quantity.get().min(line.unsettled());
            }
        }
    }

    fn ask_for_refund(
        &mut self,
        id: PaymentId,
        amount: Money,
        lines: Vec<ShippedPieces>,
        why: Reason,
        actor: Option<CustomerId>,
    ) -> Result<()> {
        let place = self.order.place_of(id)?;
        self.note(OrderStep::RefundRequested, actor, Some(format!("{amount}: {why}")));
        let operation = self.order.payments[place].ask(OperationKind::Refund, amount, self.cause.at);
        (operation.lines, operation.reason, operation.actor) = (lines, Some(why), actor);
        Ok(())
    }
}
