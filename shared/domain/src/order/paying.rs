//! How an order asks for its money, and for what a provider holds. What the provider says to it is taken over in `observing.rs`.

use super::change::Draft;
use super::history::reason;
use super::{
    Operation, OperationKind, OperationStatus, Order, OrderChange, OrderLine, OrderStep, Payment, PaymentStatus,
    ShippedPieces,
};
use crate::{CaptureMode, Cause, CustomerId, Error, Money, OperationId, PaymentId, ProductId, Reason, Result};
use chrono::Duration;

impl Order {
    /// How long a buyer whose payment fell through has for another one.
    pub(super) const SECOND_CHANCE: Duration = Duration::minutes(30);
    /// Attempts to pay one order. Whoever needs more tries out cards that are not theirs.
    const MOST_PAYMENTS: usize = 10;

    /// Writes down that the buyer sets out to pay. Nothing once the order is paid.
    ///
    /// # Errors
    /// `payment_in_progress` while another payment may bring the money, `order_status` for an order that is over, `too_many_payments` after
    /// ten that failed.
    pub fn start_payment(
        &self,
        id: PaymentId,
        provider: &str,
        capture: CaptureMode,
        actor: CustomerId,
        cause: &Cause,
    ) -> Result<Option<OrderChange>> {
        if self.ended.is_some() || self.review.is_some() {
            return Err(Error::ORDER_STATUS);
        }
        if self.is_paid() {
            return Ok(None);
        }
        if self.payments.iter().any(Payment::may_pay) {
            return Err(Error::PAYMENT_IN_PROGRESS);
        }
        if self.payments.len() >= Self::MOST_PAYMENTS {
            return Err(Error::TOO_MANY_PAYMENTS);
        }
        let mut draft = Draft::of(self, cause);
        let nothing = self.totals.grand_total.zero();
        draft.order.payments.push(Payment {
            id,
            provider: provider.to_owned(),
            reference: None,
            status: PaymentStatus::Started,
            capture,
            amount: self.totals.grand_total.clone(),
            captured: nothing.clone(),
            refunded: nothing,
            refunds_elsewhere: Vec::new(),
            is_disputed: false,
            action_url: None,
            failure: None,
            operations: Vec::new(),
            started_at: cause.at,
            updated_at: cause.at,
        });
        draft.note(OrderStep::PaymentStarted, Some(actor), None);
        draft.finish()
    }

    /// The provider has not heard of a payment that it was asked for. It has failed; `for_good` when nobody needs to ask again.
    ///
    /// # Errors
    /// `NotFound`
    pub fn payment_unknown(&self, id: PaymentId, for_good: bool, cause: &Cause) -> Result<Option<OrderChange>> {
        let mut draft = Draft::of(self, cause);
        let payment = &mut draft.order.payments[self.place_of(id)?];
        let failure = match payment.status {
            PaymentStatus::Started => Payment::NEVER_REACHED,
            _ if payment.is_missing() && for_good => Payment::NEVER_CAME,
            _ => return Ok(None),
        };
        payment.status = PaymentStatus::Failed;
        payment.failure = Some(failure.to_owned());
        payment.updated_at = cause.at;
        draft.note(OrderStep::PaymentFailed, None, Some(failure.to_owned()));
        draft.finish()
    }

    /// The provider will not take a payment.
    ///
    /// # Errors
    /// `NotFound`
    pub fn charge_refused(&self, id: PaymentId, code: &str, cause: &Cause) -> Result<Option<OrderChange>> {
        let mut draft = Draft::of(self, cause);
        let payment = &mut draft.order.payments[self.place_of(id)?];
        if payment.status != PaymentStatus::Started {
            return Ok(None);
        }
        payment.status = PaymentStatus::Failed;
        payment.failure = Some(code.to_owned());
        payment.updated_at = cause.at;
        draft.note(OrderStep::PaymentFailed, None, Some(code.to_owned()));
        draft.finish()
    }

    /// The provider will not do what it was asked to do with a payment. Money that should have gone back and did not wants a person.
    ///
    /// # Errors
    /// `NotFound`
    pub fn operation_refused(&self, id: OperationId, code: &str, cause: &Cause) -> Result<Option<OrderChange>> {
        let mut draft = Draft::of(self, cause);
        let operations = draft.order.payments.iter_mut().flat_map(|payment| &mut payment.operations);
        let operation =
            operations.into_iter().find(|operation| operation.id == id).ok_or(Error::NotFound("operation"))?;
        if !operation.is_pending() {
            return Ok(None);
        }
        fail(operation, code, cause);
        let (kind, lines) = (operation.kind, operation.lines.clone());
        draft.refused(kind, code, &lines);
        draft.finish()
    }

    /// Writes down that the provider is to move what it holds for the payment that counts. Nothing when it moved, or was asked to.
    ///
    /// # Errors
    /// `order_status`
    pub fn capture(&self, actor: CustomerId, cause: &Cause) -> Result<Option<OrderChange>> {
        let payment = self.paying().filter(|_| self.ended.is_none()).ok_or(Error::ORDER_STATUS)?;
        if payment.status == PaymentStatus::Captured || payment.pending(OperationKind::Capture).next().is_some() {
            return Ok(None);
        }
        self.ask(payment.id, OperationKind::Capture, payment.amount.clone(), actor, cause)
    }

    /// Writes down that the provider is to let go of a payment that has not moved. Nothing when it let go, or was asked to.
    ///
    /// # Errors
    /// `NotFound`, `order_status` once the money moved or is being moved, or while it is not known whether it did.
    pub fn void(&self, id: PaymentId, actor: CustomerId, cause: &Cause) -> Result<Option<OrderChange>> {
        let payment = &self.payments[self.place_of(id)?];
        let is_asked = payment.pending(OperationKind::Void).next().is_some();
        match payment.status {
            PaymentStatus::Voided | PaymentStatus::Failed => Ok(None),
            PaymentStatus::Authorised | PaymentStatus::ActionRequired if is_asked => Ok(None),
            PaymentStatus::Authorised | PaymentStatus::ActionRequired
                if payment.pending(OperationKind::Capture).next().is_none() =>
            {
                self.ask(id, OperationKind::Void, payment.amount.clone(), actor, cause)
            }
            _ => Err(Error::ORDER_STATUS),
        }
    }

    fn ask(
        &self,
        id: PaymentId,
        kind: OperationKind,
        amount: Money,
        actor: CustomerId,
        cause: &Cause,
    ) -> Result<Option<OrderChange>> {
        let mut draft = Draft::of(self, cause);
        draft.order.payments[self.place_of(id)?].ask(kind, amount, cause.at).actor = Some(actor);
        draft.note(step_of(kind), Some(actor), None);
        draft.finish()
    }

    pub(super) fn place_of(&self, id: PaymentId) -> Result<usize> {
        self.payments.iter().position(|payment| payment.id == id).ok_or(Error::NotFound("payment"))
    }
}

fn step_of(kind: OperationKind) -> OrderStep {
    match kind {
        OperationKind::Capture => OrderStep::CaptureRequested,
        OperationKind::Void => OrderStep::VoidRequested,
        OperationKind::Refund => OrderStep::RefundRequested,
    }
}

pub(super) fn fail(operation: &mut Operation, code: &str, cause: &Cause) {
    operation.status = OperationStatus::Failed;
    operation.failure = Some(code.to_owned());
    operation.settled_at = Some(cause.at);
}

impl Draft<'_> {
    /// Something that was asked for will not be; the money of `lines` stayed.
    pub(super) fn refused(&mut self, kind: OperationKind, code: &str, lines: &[ShippedPieces]) {
        for piece in lines {
            if let Some(line) = self.line(piece.product_id) {
                line.refunded = line.refunded.saturating_sub(piece.quantity.get());
            }
        }
        let step = match kind {
            OperationKind::Refund => OrderStep::RefundFailed,
            OperationKind::Capture | OperationKind::Void => OrderStep::PaymentFailed,
        };
        self.note(step, None, Some(code.to_owned()));
        self.review(reason(match kind {
            OperationKind::Refund => "money that should have gone back did not",
            OperationKind::Capture => "money that was held could not be moved",
            OperationKind::Void => "money that was held could not be let go",
        }));
    }

    pub(super) fn line(&mut self, product_id: ProductId) -> Option<&mut OrderLine> {
        self.order.lines.iter_mut().find(|line| line.product_id == product_id)
    }

    /// Asks the provider to let go of what a payment holds, or to give back what it moved; what was asked for already is not asked for
    /// again, and what failed only when `again` says so.
    pub(super) fn give_back(&mut self, place: usize, why: &str, again: Again) -> Result<()> {
        let at = self.cause.at;
        let payment = &mut self.order.payments[place];
        let kind = match payment.status {
            PaymentStatus::Authorised | PaymentStatus::ActionRequired => OperationKind::Void,
            PaymentStatus::Captured => OperationKind::Refund,
            _ => return Ok(()),
        };
        let amount = match kind {
            OperationKind::Refund => payment.refundable(),
            _ if payment.pending(OperationKind::Void).next().is_some() => 0,
            _ => payment.amount.amount_minor(),
        };
        let has_failed = payment
            .operations
            .iter()
            .any(|operation| operation.kind == kind && operation.status == OperationStatus::Failed);
        if amount > 0 && (again == Again::Once || !has_failed) {
            let amount = Money::new(amount, payment.amount.currency().clone())?;
            payment.ask(kind, amount.clone(), at).reason = Some(reason(why));
            self.note(step_of(kind), None, Some(format!("{amount}: {why}")));
        }
        Ok(())
    }

    /// Asks for all money back, whichever payment brought it.
    pub(super) fn give_all_back(&mut self, why: &str) -> Result<()> {
        (0..self.order.payments.len()).try_for_each(|place| self.give_back(place, why, Again::Once))
    }
}

/// Whether something is asked for that failed before. Where a provider's views are taken over, it would be asked for with each of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    Once,
    Never,
}

impl Order {
    /// Wants a person to look. Nothing when somebody is to look already.
    ///
    /// # Errors
    /// None of its own.
    pub fn request_review(&self, why: &str, cause: &Cause) -> Result<Option<OrderChange>> {
        if self.review.is_some() {
            return Ok(None);
        }
        let mut draft = Draft::of(self, cause);
        draft.review(reason(why));
        draft.finish()
    }

    /// Ends a review. Nothing when there is none.
    ///
    /// # Errors
    /// None of its own.
    pub fn settle_review(&self, why: &Reason, actor: CustomerId, cause: &Cause) -> Result<Option<OrderChange>> {
        if self.review.is_none() {
            return Ok(None);
        }
        let mut draft = Draft::of(self, cause);
        draft.order.review = None;
        draft.note(OrderStep::ReviewSettled, Some(actor), Some(why.to_string()));
        draft.finish()
    }
}
