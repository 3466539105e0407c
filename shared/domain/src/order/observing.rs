//! What becomes of an order by what a payment provider says, whatever arrives twice, late, at once or never. All of it comes in one form,
//! how the provider sees a payment now, and through one method, [`Order::observe`].

use super::change::Draft;
use super::history::reason;
use super::paying::{Again, fail};
use super::{
    Operation, OperationKind, OperationStatus, Order, OrderChange, OrderStep, Payment, PaymentStatus, RefundElsewhere,
    ShippedPieces,
};
use crate::{Cause, Money, ProviderPayment, ProviderRefund, ProviderState, RefundState, Result};

impl Order {
    /// Takes over how the provider sees a payment now. What it says twice changes nothing; what it says late about an order that is over,
    /// or was paid otherwise, gives the money back.
    ///
    /// # Errors
    /// `NotFound` for a payment of another order.
    pub fn observe(&self, seen: &ProviderPayment, cause: &Cause) -> Result<Option<OrderChange>> {
        let mut draft = Draft::of(self, cause);
        let place = self.place_of(seen.payment_id)?;
        let mut payment = draft.order.payments[place].clone();
        let before = payment.clone();
        take_over(&mut draft, &mut payment, seen)?;
        settle_refunds(&mut draft, &mut payment, seen)?;
        note_dispute(&mut draft, &mut payment, seen);
        if payment != before {
            payment.updated_at = cause.at;
        }
        draft.order.payments[place] = payment;
        draft.react(place)?;
        draft.finish()
    }
}

fn succeed(operation: &mut Operation, cause: &Cause) {
    operation.status = OperationStatus::Succeeded;
    operation.failure = None;
    operation.settled_at = Some(cause.at);
}

/// How far a payment has come. What a provider says of an earlier stage is old news, unless it is about a payment that only we gave up.
fn stage(payment: &Payment) -> u8 {
    match payment.status {
        PaymentStatus::Failed if payment.reference.is_none() => 0,
        PaymentStatus::Started => 0,
        PaymentStatus::Processing => 1,
        PaymentStatus::ActionRequired => 2,
        PaymentStatus::Authorised => 3,
        PaymentStatus::Failed | PaymentStatus::Voided => 4,
        PaymentStatus::Captured => 5,
    }
}

/// Status, reference and captured amount.
fn take_over(draft: &mut Draft<'_>, payment: &mut Payment, seen: &ProviderPayment) -> Result<()> {
    let before = stage(payment);
    let mut next = payment.clone();
    next.reference = Some(seen.reference.clone());
    (next.action_url, next.failure) = (None, None);
    let step = match &seen.state {
        ProviderState::ActionRequired { url } => {
            next.action_url = Some(url.clone());
            next.status = PaymentStatus::ActionRequired;
            OrderStep::PaymentChallenged
        }
        ProviderState::Processing => {
            next.status = PaymentStatus::Processing;
            OrderStep::PaymentStarted
        }
        ProviderState::Authorised => {
            next.status = PaymentStatus::Authorised;
            OrderStep::PaymentAuthorised
        }
        ProviderState::Captured => {
            next.status = PaymentStatus::Captured;
            OrderStep::PaymentCaptured
        }
        ProviderState::Declined { code } => {
            next.failure = Some(code.clone());
            next.status = PaymentStatus::Failed;
            OrderStep::PaymentFailed
        }
        ProviderState::Voided => {
            next.status = PaymentStatus::Voided;
            OrderStep::PaymentVoided
        }
    };
    if stage(&next) <= before {
        return Ok(());
    }
    *payment = next;
    settle_others(payment, draft.cause);
    let mut why = payment.failure.clone();
    if payment.status == PaymentStatus::Captured {
        payment.captured = Money::new(seen.captured_minor, payment.amount.currency().clone())?;
        why = Some(payment.captured.to_string());
    }
    draft.note(step, None, why);
    let is_whole = payment.status != PaymentStatus::Captured || payment.captured == payment.amount;
    if seen.amount_minor != payment.amount.amount_minor() || !is_whole {
        draft.review(reason("the provider moved another amount than was asked for"));
    }
    Ok(())
}

/// Captures and voids end with the payment.
fn settle_others(payment: &mut Payment, cause: &Cause) {
    let status = payment.status;
    for operation in payment.operations.iter_mut().filter(|operation| operation.is_pending()) {
        match (operation.kind, status) {
            (OperationKind::Capture, PaymentStatus::Captured)
            | (OperationKind::Void, PaymentStatus::Voided | PaymentStatus::Failed) => succeed(operation, cause),
            (OperationKind::Capture, PaymentStatus::Failed | PaymentStatus::Voided) => {
                fail(operation, "payment_failed", cause)
            }
            (OperationKind::Void, PaymentStatus::Captured) => fail(operation, "payment_captured", cause),
            _ => {}
        }
    }
}

/// Every refund that the provider knows, ours and those that somebody made past the shop. What it showed once stays: an older view of the
/// payment may come later.
fn settle_refunds(draft: &mut Draft<'_>, payment: &mut Payment, seen: &ProviderPayment) -> Result<()> {
    for refund in &seen.refunds {
        match payment.operations.iter_mut().find(|operation| Some(operation.id) == refund.operation_id) {
            Some(operation) => settle_refund(draft, operation, refund.state),
            None => note_refund_elsewhere(draft, payment, refund)?,
        }
    }
    let of = |operation: &Operation| {
        operation.kind == OperationKind::Refund && operation.status == OperationStatus::Succeeded
    };
    let ours = payment.operations.iter().filter(|operation| of(operation)).map(|operation| &operation.amount);
    let elsewhere = payment.refunds_elsewhere.iter().filter(|refund| !refund.has_failed).map(|refund| &refund.amount);
    let nothing = payment.amount.zero();
    let refunded = Money::sum(ours.chain(elsewhere).chain([&nothing]))?;
    if refunded.amount_minor() > payment.captured.amount_minor() {
        payment.refunded = payment.captured.clone();
        draft.review(reason("the provider says that it gave back more than it moved"));
    } else {
        payment.refunded = refunded;
    }
    Ok(())
}

/// Takes over what became of a refund that was asked for.
fn settle_refund(draft: &mut Draft<'_>, operation: &mut Operation, state: RefundState) {
    // A failure that the provider itself told is its last word.
    let was_refused = operation.failure.as_deref().is_some_and(|failure| !TOLD_FAILURES.contains(&failure));
    let (amount, actor, lines) = (operation.amount.to_string(), operation.actor, operation.lines.clone());
    match (operation.status, state) {
        (OperationStatus::Pending, RefundState::Succeeded) => {
            succeed(operation, draft.cause);
            draft.note(OrderStep::Refunded, actor, Some(amount));
        }
        (OperationStatus::Failed, RefundState::Succeeded) if was_refused => {
            succeed(operation, draft.cause);
            draft.note(OrderStep::Refunded, actor, Some(amount));
            draft.take_off(&lines);
        }
        (OperationStatus::Pending, RefundState::Failed) => {
            fail(operation, TOLD_FAILURES[0], draft.cause);
            draft.refused(OperationKind::Refund, TOLD_FAILURES[0], &lines);
        }
        // A bank that sends the money back to the shop after days.
        (OperationStatus::Succeeded, RefundState::Failed) => {
            fail(operation, TOLD_FAILURES[1], draft.cause);
            draft.refused(OperationKind::Refund, TOLD_FAILURES[1], &lines);
        }
        _ => {}
    }
}

/// Why a refund failed that the provider had taken.
const TOLD_FAILURES: [&str; 2] = ["refund_failed", "refund_returned"];

fn note_refund_elsewhere(draft: &mut Draft<'_>, payment: &mut Payment, refund: &ProviderRefund) -> Result<()> {
    let has_failed = refund.state == RefundState::Failed;
    let amount = Money::new(refund.amount_minor, payment.amount.currency().clone())?;
    match payment.refunds_elsewhere.iter_mut().find(|known| known.reference == refund.reference) {
        Some(known) if has_failed && !known.has_failed => {
            known.has_failed = true;
            draft.note(OrderStep::RefundFailed, None, Some(format!("{amount} at the provider, past the shop")));
        }
        None if !has_failed => {
            draft.note(OrderStep::Refunded, None, Some(format!("{amount} at the provider, past the shop")));
            payment.refunds_elsewhere.push(RefundElsewhere { reference: refund.reference.clone(), amount, has_failed });
        }
        _ => return Ok(()),
    }
    draft.review(reason("money was given back at the provider, past the shop"));
    Ok(())
}

/// A person answers the bank, and decides what becomes of the goods. What it showed once stays, however the dispute ends.
fn note_dispute(draft: &mut Draft<'_>, payment: &mut Payment, seen: &ProviderPayment) {
    if seen.is_disputed && !payment.is_disputed {
        payment.is_disputed = true;
        draft.review(reason("the buyer disputes the payment at their bank"));
    }
}

impl Draft<'_> {
    /// The money of `lines` went back after all.
    fn take_off(&mut self, lines: &[ShippedPieces]) {
        for piece in lines {
            if let Some(line) = self.line(piece.product_id) {
                line.refunded += piece.quantity.get().min(line.refundable());
            }
        }
    }

    /// What the payment at `place` means for the order, as it is now.
    fn react(&mut self, place: usize) -> Result<()> {
        let payment = &self.order.payments[place];
        let (id, counts) = (payment.id, self.order.paid_by == Some(payment.id));
        match payment.status {
            PaymentStatus::Authorised | PaymentStatus::Captured if self.order.ended.is_none() => {
                match self.order.paid_by {
                    None if payment.may_pay() => self.counts(id),
                    None => {}
                    Some(first) if first == id => {}
                    Some(_) => self.give_back(place, "the order was paid otherwise", Again::Never)?,
                }
            }
            PaymentStatus::Authorised | PaymentStatus::Captured => {
                self.give_back(place, "the order was over", Again::Never)?;
            }
            // What was held is gone: the buyer gets another chance, and the stock waits as long.
            PaymentStatus::Failed | PaymentStatus::Voided if counts && self.order.ended.is_none() => {
                self.order.paid_by = None;
                self.order.payment_due_at = Some(self.cause.at + Order::SECOND_CHANCE);
            }
            _ => {}
        }
        Ok(())
    }
}
