use super::change::Draft;
use super::{OperationKind, Order, OrderChange, OrderStep};
use crate::{Cause, CustomerId, Error, Money, MovementKind, ProductId, Quantity, Reason, Result};

/// What of an order's money is to go back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundWish {
    /// All that is left. Pieces that were not sent are taken off the order.
    All,
    /// An amount, whatever it is for. Nothing is taken off the order.
    Amount(Money),
    /// The price of pieces, with their part of discount and tax. Those that were not sent are taken off the order first.
    Lines(Vec<(ProductId, Quantity)>),
}

impl Order {
    /// Writes down that money is to go back. Nothing when all of it went, or was asked to, and all is wished for.
    ///
    /// # Errors
    /// `order_status` for an order that was not paid or is over, `refund_too_large` beyond what is left, `not_in_order` for a line or
    /// pieces that the order has not, `invalid_currency`.
    pub fn refund(
        &self,
        wish: &RefundWish,
        why: &Reason,
        actor: CustomerId,
        cause: &Cause,
    ) -> Result<Option<OrderChange>> {
        let payment = self.paying().filter(|_| self.ended.is_none()).ok_or(Error::ORDER_STATUS)?;
        let (id, left) = (payment.id, payment.refundable());
        if payment.captured.amount_minor() == 0 {
            return Err(Error::ORDER_STATUS);
        }
        let mut draft = Draft::of(self, cause);
        let amount = match wish {
            RefundWish::All if left == 0 => return Ok(None),
            RefundWish::All => {
                draft.release_unsent();
                draft.order.lines.iter_mut().for_each(|line| line.refunded = line.quantity.get());
                Money::new(left, self.currency().clone())?
            }
            RefundWish::Amount(amount) if amount.currency() != self.currency() => {
                return Err(Money::two_currencies().into());
            }
            RefundWish::Amount(amount) => amount.clone(),
            RefundWish::Lines(lines) => draft.price_of(lines)?,
        };
        if amount.amount_minor() > left || amount.amount_minor() == 0 {
            return Err(Error::REFUND_TOO_LARGE);
        }
        draft.ask_for_refund(id, amount, why.clone(), Some(actor))?;
        draft.finish()
    }
}

impl Draft<'_> {
    /// Takes the money of pieces off their lines, and the pieces off the order as far as they were not sent.
    fn price_of(&mut self, wishes: &[(ProductId, Quantity)]) -> Result<Money> {
        let mut sum = 0;
        for (product_id, quantity) in wishes {
            let pieces = quantity.get();
            let line =
                self.order.lines.iter_mut().find(|line| line.product_id == *product_id).ok_or(Error::NOT_IN_ORDER)?;
            if pieces > line.refundable() {
                return Err(Error::NOT_IN_ORDER);
            }
            sum += line.price_of_next(pieces);
            line.refunded += pieces;
            let released = line.cancel(pieces);
            self.moves(*product_id, MovementKind::Released, released);
        }
        Ok(Money::new(sum, self.order.currency().clone())?)
    }

    /// The money of pieces that came back: at most what is left of the payment that counts.
    pub(super) fn refund_returned(
        &mut self,
        wishes: &[(ProductId, Quantity)],
        why: Reason,
        actor: CustomerId,
    ) -> Result<()> {
        let Some((id, left)) = self.order.paying().map(|payment| (payment.id, payment.refundable())) else {
            return Ok(());
        };
        let mut sum = 0;
        for (product_id, quantity) in wishes {
            let Some(line) = self.order.lines.iter_mut().find(|line| line.product_id == *product_id) else { continue };
            // Pieces whose money went back already come without any.
            let pieces = quantity.get().min(line.refundable());
            sum += line.price_of_next(pieces);
            line.refunded += pieces;
        }
        let amount = Money::new(sum.min(left), self.order.currency().clone())?;
        if amount.amount_minor() == 0 { Ok(()) } else { self.ask_for_refund(id, amount, why, Some(actor)) }
    }

    fn ask_for_refund(
        &mut self,
        id: crate::PaymentId,
        amount: Money,
        why: Reason,
        actor: Option<CustomerId>,
    ) -> Result<()> {
        let place = self.order.place_of(id)?;
        self.note(OrderStep::RefundRequested, actor, Some(format!("{amount}: {why}")));
        self.order.payments[place].ask(OperationKind::Refund, amount, Some(why), actor, self.cause.at);
        Ok(())
    }
}
