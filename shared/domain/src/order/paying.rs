//! How an order comes to its money, whatever arrives twice, late, at once or never. All that a provider says comes in one form, how it
//! sees the payment now, and through one method, [`Order::observe`].

use super::change::Draft;
use super::history::reason;
use super::{
    Operation, OperationKind, OperationStatus, Order, OrderChange, OrderLine, OrderStep, Payment, PaymentStatus,
    RefundElsewhere, ShippedPieces,
};
use crate::{
    CaptureMode, Cause, CustomerId, Error, Money, OperationId, PaymentId, ProductId, ProviderPayment, ProviderRefund,
    ProviderState, Reason, RefundState, Result,
};
use chrono::Duration;

impl Order {
    /// How long a buyer whose payment fell through has for another one.
    const SECOND_CHANCE: Duration = Duration::minutes(30);
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
            action_url: None,
            failure: None,
            operations: Vec::new(),
            started_at: cause.at,
            updated_at: cause.at,
        });
        draft.note(OrderStep::PaymentStarted, Some(actor), None);
        draft.finish()
    }

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
        if payment != before {
            payment.updated_at = cause.at;
        }
        draft.order.payments[place] = payment;
        draft.react(place)?;
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

fn fail(operation: &mut Operation, code: &str, cause: &Cause) {
    operation.status = OperationStatus::Failed;
    operation.failure = Some(code.to_owned());
    operation.settled_at = Some(cause.at);
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

impl Draft<'_> {
    /// Something that was asked for will not be; the money of `lines` stayed.
    fn refused(&mut self, kind: OperationKind, code: &str, lines: &[ShippedPieces]) {
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

    /// The money of `lines` went back after all.
    fn take_off(&mut self, lines: &[ShippedPieces]) {
        for piece in lines {
            if let Some(line) = self.line(piece.product_id) {
                line.refunded += piece.quantity.get().min(line.refundable());
            }
        }
    }

    pub(super) fn line(&mut self, product_id: ProductId) -> Option<&mut OrderLine> {
        self.order.lines.iter_mut().find(|line| line.product_id == product_id)
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
