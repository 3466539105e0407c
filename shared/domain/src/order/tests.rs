mod news;

use super::samples::{cause, gbp, order};
use super::*;
use crate::{
    CaptureMode, Cause, CustomerId, Error, MovementKind, ProviderPayment, ProviderRefund, ProviderState, Quantity,
    RefundState, Result,
};
use chrono::Duration;
use proptest::prelude::*;

fn done(change: Result<Option<OrderChange>>) -> OrderChange {
    change.expect("allowed").expect("a change")
}

fn nothing(change: Result<Option<OrderChange>>) {
    assert_eq!(change.expect("allowed"), None);
}

fn refused(change: Result<Option<OrderChange>>) -> &'static str {
    match change {
        Err(Error::Conflict { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

fn started(order: &Order, capture: CaptureMode) -> Order {
    done(order.start_payment(PaymentId::new(), "sandbox", capture, order.customer_id, &cause())).order
}

/// How a provider that has done all it was asked sees the last payment.
fn seen(order: &Order, state: ProviderState) -> ProviderPayment {
    let payment = order.payments.last().expect("a payment");
    let refunds = payment.operations.iter().filter(|operation| operation.kind == OperationKind::Refund);
    let captured_minor = if state == ProviderState::Captured { payment.amount.amount_minor() } else { 0 };
    ProviderPayment {
        payment_id: payment.id,
        order_id: order.id,
        reference: "pi_1".to_owned(),
        state,
        amount_minor: payment.amount.amount_minor(),
        captured_minor,
        refunds: refunds
            .map(|operation| ProviderRefund {
                reference: format!("re_{}", operation.id),
                operation_id: Some(operation.id),
                amount_minor: operation.amount.amount_minor(),
                state: RefundState::Succeeded,
            })
            .collect(),
        is_disputed: false,
    }
}

fn observed(order: &Order, state: ProviderState) -> Order {
    done(order.observe(&seen(order, state), &cause())).order
}

fn paid(lines: &[(u32, i64)]) -> Order {
    observed(&started(&order(lines), CaptureMode::Automatic), ProviderState::Captured)
}

fn staff() -> CustomerId {
    CustomerId::new()
}

fn parcel(number: &str, lines: Option<Vec<ShippedPieces>>) -> Dispatch {
    let carrier = "Royal Mail".parse().expect("a name");
    Dispatch { carrier, tracking_number: number.parse().expect("a number"), lines }
}

fn pieces(order: &Order, line: usize, pieces: u32) -> ShippedPieces {
    ShippedPieces { product_id: order.lines[line].product_id, quantity: Quantity::new(pieces).expect("a quantity") }
}

fn shipped(order: &Order) -> Order {
    done(order.ship(&parcel("1", None), staff(), &cause())).order
}

#[test]
fn an_order_goes_from_the_wish_to_the_last_refund() {
    let order = paid(&[(3, 1000), (1, 99)]);
    assert_eq!((order.status, order.payment_due_at, &order.totals.paid), (OrderStatus::Paid, None, &gbp(3099)));
    let first = done(order.ship(&parcel("1", Some(vec![pieces(&order, 0, 2)])), staff(), &cause()));
    assert_eq!(first.order.status, OrderStatus::PartiallyShipped);
    assert_eq!(first.moves.iter().map(|m| (m.kind, m.pieces)).collect::<Vec<_>>(), [(MovementKind::Shipped, 2)]);
    let second = done(first.order.ship(&parcel("2", None), staff(), &cause()));
    assert_eq!(second.order.status, OrderStatus::Shipped);
    let delivered = done(second.order.deliver(None, staff(), &cause())).order;
    assert_eq!(delivered.status, OrderStatus::Delivered);
    let wish = [pieces(&delivered, 0, 1)];
    let asked = done(delivered.request_return(&wish, ReturnReason::Damaged, delivered.customer_id, &cause())).order;
    let id = asked.returns[0].id;
    let approved = done(asked.approve_return(id, staff(), &cause())).order;
    let received = done(approved.receive_return(id, ReceivedGoods::Restock, false, staff(), &cause()));
    assert_eq!(received.moves[0].kind, MovementKind::Returned);
    let refunded = observed(&received.order, ProviderState::Captured);
    assert_eq!((refunded.status, &refunded.totals.refunded), (OrderStatus::PartiallyRefunded, &gbp(1000)));
    let rest = done(refunded.refund(None, &RefundWish::All, &history::reason("goodwill"), staff(), &cause())).order;
    let ended = observed(&rest, ProviderState::Captured);
    assert_eq!((ended.status, &ended.totals.refunded), (OrderStatus::Refunded, &gbp(3099)));
    assert_eq!(ended.history.last().expect("an entry").step, OrderStep::Refunded);
    assert!(ended.history.windows(2).all(|pair| pair[0].version <= pair[1].version));
}

#[test]
fn what_happened_before_changes_nothing() {
    let order = paid(&[(2, 1000)]);
    nothing(order.observe(&seen(&order, ProviderState::Captured), &cause()));
    nothing(order.observe(&seen(&order, ProviderState::Processing), &cause()));
    nothing(order.start_payment(PaymentId::new(), "sandbox", CaptureMode::Automatic, order.customer_id, &cause()));
    nothing(order.capture(staff(), &cause()));
    let sent = shipped(&order);
    nothing(sent.ship(&parcel("1", None), staff(), &cause()));
    let delivered = done(sent.deliver(None, staff(), &cause())).order;
    nothing(delivered.deliver(None, staff(), &cause()));
    let cancelled = done(order.cancel(staff(), &cause())).order;
    nothing(cancelled.cancel(staff(), &cause()));
    nothing(cancelled.expire(&cause()));
    nothing(order.settle_review(&history::reason("nothing"), staff(), &cause()));
}

#[test]
fn an_order_that_is_cancelled_gives_stock_and_money_back_once() {
    let order = paid(&[(2, 1000)]);
    let change = done(order.cancel(order.customer_id, &cause()));
    assert_eq!(change.moves.iter().map(|m| (m.kind, m.pieces)).collect::<Vec<_>>(), [(MovementKind::Released, 2)]);
    let refund = change.order.payments[0].operations.clone();
    assert_eq!(
        refund.iter().map(|o| (o.kind, o.amount.clone())).collect::<Vec<_>>(),
        [(OperationKind::Refund, gbp(2000))]
    );
    let settled = observed(&change.order, ProviderState::Captured);
    assert_eq!((settled.status, settled.totals.refunded.clone()), (OrderStatus::Cancelled, gbp(2000)));
    nothing(settled.observe(&seen(&settled, ProviderState::Captured), &cause()));
    assert_eq!(refused(shipped(&order).cancel(staff(), &cause())), "order_status");
}

#[test]
fn money_that_comes_after_the_end_goes_back() {
    let late = Cause { at: crate::now() + Duration::hours(1), ..cause() };
    let started = started(&order(&[(1, 1000)]), CaptureMode::Automatic);
    let expired = done(started.expire(&late)).order;
    assert_eq!(expired.status, OrderStatus::Expired);
    let paid = done(expired.observe(&seen(&expired, ProviderState::Captured), &late)).order;
    assert_eq!(paid.status, OrderStatus::Expired);
    assert_eq!(
        paid.payments[0].pending(OperationKind::Refund).map(|o| o.amount.clone()).collect::<Vec<_>>(),
        [gbp(1000)]
    );
    let held = done(expired.observe(&seen(&expired, ProviderState::Authorised), &late)).order;
    assert_eq!(held.payments[0].pending(OperationKind::Void).count(), 1);
    // Asked for once, however often it is seen.
    nothing(held.observe(&seen(&held, ProviderState::Authorised), &late));
}

#[test]
fn an_order_waits_for_money_that_may_be_on_its_way() {
    let order = order(&[(1, 1000)]);
    let after = |minutes| Cause { at: order.placed_at + Duration::minutes(minutes), ..cause() };
    nothing(order.expire(&after(29)));
    assert!(order.expire(&after(31)).expect("allowed").is_some());
    let started =
        done(order.start_payment(PaymentId::new(), "sandbox", CaptureMode::Automatic, order.customer_id, &after(28)))
            .order;
    nothing(started.expire(&after(37)));
    assert!(started.expire(&after(39)).expect("allowed").is_some());
}

#[test]
fn a_second_payment_waits_for_the_first_and_takes_its_place_when_it_fails() {
    let started_once = started(&order(&[(1, 1000)]), CaptureMode::Automatic);
    let again = |order: &Order| {
        order.start_payment(PaymentId::new(), "sandbox", CaptureMode::Automatic, order.customer_id, &cause())
    };
    assert_eq!(refused(again(&started_once)), "payment_in_progress");
    let failed = observed(&started_once, ProviderState::Declined { code: "insufficient_funds".to_owned() });
    assert_eq!(
        (failed.status, failed.payments[0].failure.as_deref()),
        (OrderStatus::PendingPayment, Some("insufficient_funds"))
    );
    assert_eq!(observed(&done(again(&failed)).order, ProviderState::Captured).status, OrderStatus::Paid);
}

#[test]
fn a_payment_that_was_given_up_and_comes_is_given_back_when_another_paid() {
    let first = started(&order(&[(1, 1000)]), CaptureMode::Automatic);
    let given_up = done(first.payment_unknown(first.payments[0].id, false, &cause())).order;
    let paid = observed(&started(&given_up, CaptureMode::Automatic), ProviderState::Captured);
    let late = ProviderPayment { payment_id: first.payments[0].id, ..seen(&paid, ProviderState::Captured) };
    let twice = done(paid.observe(&late, &cause())).order;
    assert_eq!(twice.status, OrderStatus::Paid);
    assert_eq!(twice.payments[0].pending(OperationKind::Refund).count(), 1);
    assert_eq!((twice.payments[1].refundable(), &twice.totals.refunded), (1000, &gbp(0)));
    // Without another it pays the order after all.
    let alone = ProviderPayment { payment_id: first.payments[0].id, ..seen(&first, ProviderState::Captured) };
    assert_eq!(done(given_up.observe(&alone, &cause())).order.status, OrderStatus::Paid);
}

#[test]
fn a_payment_that_its_buyer_disputes_wants_a_person_once_and_nothing_is_sent_meanwhile() {
    let order = paid(&[(1, 1000)]);
    let disputed = ProviderPayment { is_disputed: true, ..seen(&order, ProviderState::Captured) };
    let held = done(order.observe(&disputed, &cause())).order;
    assert_eq!((held.status, held.payments[0].is_disputed), (OrderStatus::UnderReview, true));
    assert_eq!(refused(held.ship(&parcel("1", None), staff(), &cause())), "order_status");
    nothing(held.observe(&disputed, &cause()));
    let settled = done(held.settle_review(&history::reason("the bank was answered"), staff(), &cause())).order;
    assert_eq!(settled.status, OrderStatus::Paid);
    // What is asked without a look at disputes does not end one, and the same dispute is no news.
    nothing(settled.observe(&seen(&settled, ProviderState::Captured), &cause()));
    nothing(settled.observe(&disputed, &cause()));
    assert_eq!(shipped(&settled).status, OrderStatus::Shipped);
}

#[test]
fn money_that_is_held_must_move_before_anything_is_sent() {
    let held = observed(&started(&order(&[(1, 1000)]), CaptureMode::Manual), ProviderState::Authorised);
    assert_eq!(held.status, OrderStatus::Paid);
    assert_eq!(refused(held.ship(&parcel("1", None), staff(), &cause())), "payment_not_captured");
    let asked = done(held.capture(staff(), &cause())).order;
    nothing(asked.capture(staff(), &cause()));
    let moved = observed(&asked, ProviderState::Captured);
    assert_eq!(moved.payments[0].operations[0].status, OperationStatus::Succeeded);
    assert_eq!(shipped(&moved).status, OrderStatus::Shipped);
}

#[test]
fn an_order_whose_capture_fails_waits_for_another_payment() {
    let held = observed(&started(&order(&[(1, 1000)]), CaptureMode::Manual), ProviderState::Authorised);
    let asked = done(held.capture(staff(), &cause())).order;
    let failed = observed(&asked, ProviderState::Declined { code: "card_declined".to_owned() });
    assert_eq!((failed.status, failed.paid_by), (OrderStatus::PendingPayment, None));
    assert!(failed.payment_due_at.is_some_and(|due| due > crate::now()));
    let voided = observed(&done(held.void(held.payments[0].id, staff(), &cause())).order, ProviderState::Voided);
    assert_eq!(voided.status, OrderStatus::PendingPayment);
}

#[test]
fn a_refund_of_pieces_is_their_price_and_takes_unsent_ones_off_the_order() {
    let order = paid(&[(3, 333), (1, 1)]);
    let refund = |order: &Order, pieces| {
        order.refund(
            None,
            &RefundWish::Lines(vec![self::pieces(order, 0, pieces)]),
            &history::reason("x"),
            staff(),
            &cause(),
        )
    };
    let change = done(refund(&order, 2));
    assert_eq!(change.moves.iter().map(|m| (m.kind, m.pieces)).collect::<Vec<_>>(), [(MovementKind::Released, 2)]);
    assert_eq!(change.order.payments[0].operations[0].amount, gbp(666));
    assert_eq!(refused(refund(&change.order, 2)), "not_in_order");
    assert_eq!(
        refused(change.order.refund(None, &RefundWish::Amount(gbp(335)), &history::reason("x"), staff(), &cause())),
        "refund_too_large"
    );
    let left = shipped(&change.order);
    assert_eq!(left.shipments[0].lines.iter().map(|piece| piece.quantity.get()).sum::<u32>(), 2);
}

#[test]
fn money_that_does_not_go_back_wants_a_person() {
    let order = done(paid(&[(1, 1000)]).cancel(staff(), &cause())).order;
    let mut failing = seen(&order, ProviderState::Captured);
    failing.refunds[0].state = RefundState::Failed;
    let failed = done(order.observe(&failing, &cause())).order;
    assert_eq!((failed.status, failed.ended), (OrderStatus::UnderReview, Some(Ending::Cancelled)));
    nothing(failed.observe(&failing, &cause()));
    let settled = done(failed.settle_review(&history::reason("sent a cheque"), staff(), &cause())).order;
    assert_eq!(settled.status, OrderStatus::Cancelled);
}

#[test]
fn a_refund_that_failed_may_be_asked_for_again() {
    let order = paid(&[(2, 1000)]);
    let refund = |order: &Order| {
        order.refund(None, &RefundWish::Lines(vec![pieces(order, 0, 2)]), &history::reason("x"), staff(), &cause())
    };
    let asked = done(refund(&order)).order;
    assert_eq!(refused(refund(&asked)), "not_in_order");
    let failed = done(asked.operation_refused(asked.payments[0].operations[0].id, "no", &cause())).order;
    assert_eq!((failed.status, failed.lines[0].refunded), (OrderStatus::UnderReview, 0));
    let again = observed(&done(refund(&failed)).order, ProviderState::Captured);
    assert_eq!((&again.totals.refunded, again.lines[0].refunded), (&gbp(2000), 2));

    let cancelled = done(order.cancel(staff(), &cause())).order;
    let failed = done(cancelled.operation_refused(cancelled.payments[0].operations[0].id, "no", &cause())).order;
    let again = done(failed.refund(None, &RefundWish::All, &history::reason("again"), staff(), &cause())).order;
    assert_eq!(
        again.payments[0].pending(OperationKind::Refund).map(|o| o.amount.clone()).collect::<Vec<_>>(),
        [gbp(2000)]
    );
}

#[test]
fn a_cancelled_order_asks_for_all_money_even_when_a_refund_failed_before() {
    let order = paid(&[(2, 1000)]);
    let amount = RefundWish::Amount(gbp(500));
    let asked = done(order.refund(None, &amount, &history::reason("x"), staff(), &cause())).order;
    let failed = done(asked.operation_refused(asked.payments[0].operations[0].id, "no", &cause())).order;
    let looked = done(failed.settle_review(&history::reason("fine"), staff(), &cause())).order;
    assert_eq!(looked.status, OrderStatus::Paid);
    let cancelled = done(looked.cancel(staff(), &cause())).order;
    let pending = cancelled.payments[0].pending(OperationKind::Refund).map(|o| o.amount.clone()).collect::<Vec<_>>();
    assert_eq!(pending, [gbp(2000)]);
    let views = cancelled.observe(&seen(&cancelled, ProviderState::Captured), &cause());
    assert_eq!(done(views).order.payments[0].refundable(), 0);
}

#[test]
fn a_piece_whose_money_went_back_brings_none_when_it_comes() {
    let order = shipped(&paid(&[(3, 1000)]));
    let asked = done(order.request_return(&[pieces(&order, 0, 1)], ReturnReason::Damaged, staff(), &cause())).order;
    let id = asked.returns[0].id;
    let approved = done(asked.approve_return(id, staff(), &cause())).order;
    let one = RefundWish::Lines(vec![pieces(&order, 0, 1)]);
    let refunded = done(approved.refund(None, &one, &history::reason("broken"), staff(), &cause())).order;
    let received = done(refunded.receive_return(id, ReceivedGoods::WriteOff, false, staff(), &cause())).order;
    assert_eq!(received.payments[0].operations.len(), 1);
}

#[test]
fn goods_whose_money_went_back_as_an_amount_come_without_any_more() {
    let order = shipped(&paid(&[(2, 5000)]));
    let refund = RefundWish::Amount(gbp(5000));
    let refunded = done(order.refund(None, &refund, &history::reason("broken"), staff(), &cause())).order;
    let mut received = refunded;
    // The first is settled; its money does not come with the second either.
    for (is_settled, asked) in [(true, vec![gbp(5000)]), (false, vec![gbp(5000), gbp(5000)])] {
        let wish = [pieces(&received, 0, 1)];
        let wished = done(received.request_return(&wish, ReturnReason::Damaged, staff(), &cause())).order;
        let id = wished.returns.last().expect("a return").id;
        let approved = done(wished.approve_return(id, staff(), &cause())).order;
        received = done(approved.receive_return(id, ReceivedGoods::WriteOff, is_settled, staff(), &cause())).order;
        let amounts: Vec<_> = received.payments[0].operations.iter().map(|one| one.amount.clone()).collect();
        assert_eq!(amounts, asked);
    }
    assert_eq!(received.lines[0].refunded, 2);
}

#[test]
fn an_older_view_of_refunds_takes_nothing_back() {
    let order = paid(&[(1, 1000)]);
    let view = |refunds: &[(&str, i64, RefundState)]| {
        let refund = |(reference, amount_minor, state): &(&str, i64, RefundState)| ProviderRefund {
            reference: (*reference).to_owned(),
            operation_id: None,
            amount_minor: *amount_minor,
            state: *state,
        };
        ProviderPayment { refunds: refunds.iter().map(refund).collect(), ..seen(&order, ProviderState::Captured) }
    };
    let (first, second) = (("re_1", 400, RefundState::Succeeded), ("re_2", 300, RefundState::Succeeded));
    let both = done(order.observe(&view(&[first, second]), &cause())).order;
    nothing(both.observe(&view(&[first]), &cause()));
    nothing(both.observe(&view(&[]), &cause()));
    assert_eq!(both.totals.refunded, gbp(700));
    let failed = done(both.observe(&view(&[("re_1", 400, RefundState::Failed)]), &cause())).order;
    assert_eq!(failed.totals.refunded, gbp(300));
    nothing(failed.observe(&view(&[first, second]), &cause()));
}

#[test]
fn a_duplicate_that_was_not_given_back_may_be_refunded_by_name() {
    let first = started(&order(&[(1, 1000)]), CaptureMode::Automatic);
    let given_up = done(first.payment_unknown(first.payments[0].id, false, &cause())).order;
    let paid = observed(&started(&given_up, CaptureMode::Automatic), ProviderState::Captured);
    let late = ProviderPayment { payment_id: first.payments[0].id, ..seen(&paid, ProviderState::Captured) };
    let twice = done(paid.observe(&late, &cause())).order;
    let failed = done(twice.operation_refused(twice.payments[0].operations[0].id, "no", &cause())).order;
    let refund = |wish| failed.refund(Some(failed.payments[0].id), wish, &history::reason("twice"), staff(), &cause());
    let again = done(refund(&RefundWish::All)).order;
    assert_eq!((again.payments[0].refundable(), again.payments[1].refundable()), (0, 1000));
    assert_eq!(again.lines[0].unshipped(), 1);
    assert_eq!(refused(refund(&RefundWish::Lines(vec![pieces(&failed, 0, 1)]))), "not_in_order");
}

#[test]
fn a_payment_on_its_way_back_does_not_pay_the_order() {
    let first = started(&order(&[(1, 1000)]), CaptureMode::Manual);
    let given_up = done(first.payment_unknown(first.payments[0].id, false, &cause())).order;
    let held = observed(&started(&given_up, CaptureMode::Manual), ProviderState::Authorised);
    let late = ProviderPayment { payment_id: first.payments[0].id, ..seen(&held, ProviderState::Captured) };
    let given_back = done(held.observe(&late, &cause())).order;
    let lapsed = observed(&given_back, ProviderState::Voided);
    assert_eq!((lapsed.status, lapsed.paid_by), (OrderStatus::PendingPayment, None));
    nothing(lapsed.observe(&late, &cause()));
    assert!(started(&lapsed, CaptureMode::Automatic).payments.len() == 3);
}

#[test]
fn a_payment_that_nobody_found_is_looked_for_until_it_is_given_up_for_good() {
    let first = started(&order(&[(1, 1000)]), CaptureMode::Automatic);
    let id = first.payments[0].id;
    let missing = done(first.payment_unknown(id, false, &cause())).order;
    assert!(missing.unsettled_since().is_some());
    nothing(missing.payment_unknown(id, false, &cause()));
    let gone = done(missing.payment_unknown(id, true, &cause())).order;
    assert_eq!((gone.unsettled_since(), gone.payments[0].failure.as_deref()), (None, Some("never_came")));
    assert_eq!(observed(&gone, ProviderState::Captured).status, OrderStatus::Paid);
}

#[test]
fn ten_payments_that_failed_are_enough() {
    let mut order = order(&[(1, 1000)]);
    for _ in 0..10 {
        order = observed(&started(&order, CaptureMode::Automatic), ProviderState::Declined { code: "no".to_owned() });
    }
    let again = order.start_payment(PaymentId::new(), "sandbox", CaptureMode::Automatic, order.customer_id, &cause());
    assert_eq!(refused(again), "too_many_payments");
}

#[test]
fn a_parcel_is_sent_once_with_what_is_in_it() {
    let order = paid(&[(3, 100)]);
    let sent = done(order.ship(&parcel("1", Some(vec![pieces(&order, 0, 1)])), staff(), &cause())).order;
    nothing(sent.ship(&parcel("1", Some(vec![pieces(&order, 0, 1)])), staff(), &cause()));
    assert_eq!(refused(sent.ship(&parcel("1", Some(vec![pieces(&order, 0, 2)])), staff(), &cause())), "parcel_sent");
}

#[test]
fn money_that_is_held_for_long_is_asked_about() {
    let held = observed(&started(&order(&[(1, 1000)]), CaptureMode::Manual), ProviderState::Authorised);
    assert!(held.unsettled_since().is_some_and(|since| since > crate::now() + Duration::days(5)));
}

#[test]
fn pieces_that_are_named_twice_move_once() {
    let order = paid(&[(3, 100)]);
    let twice = RefundWish::Lines(vec![pieces(&order, 0, 1), pieces(&order, 0, 1)]);
    let change = done(order.refund(None, &twice, &history::reason("x"), staff(), &cause()));
    assert_eq!(change.moves.iter().map(|m| m.pieces).collect::<Vec<_>>(), [2]);
}

#[test]
fn an_order_whose_money_went_back_may_still_be_cancelled() {
    let order = paid(&[(1, 1000)]);
    let amount = RefundWish::Amount(gbp(1000));
    let asked = done(order.refund(None, &amount, &history::reason("x"), staff(), &cause())).order;
    let refunded = observed(&asked, ProviderState::Captured);
    assert_eq!((refunded.status, refunded.lines[0].unshipped()), (OrderStatus::Refunded, 1));
    let cancelled = done(refunded.cancel(staff(), &cause()));
    assert_eq!((cancelled.order.status, cancelled.moves.len()), (OrderStatus::Cancelled, 1));
}

#[test]
fn money_given_back_past_the_shop_is_seen_and_wants_a_person() {
    let order = paid(&[(1, 1000)]);
    let mut elsewhere = seen(&order, ProviderState::Captured);
    elsewhere.refunds.push(ProviderRefund {
        reference: "re_x".to_owned(),
        operation_id: None,
        amount_minor: 400,
        state: RefundState::Succeeded,
    });
    let found = done(order.observe(&elsewhere, &cause())).order;
    assert_eq!((found.status, &found.totals.refunded), (OrderStatus::UnderReview, &gbp(400)));
    nothing(found.observe(&elsewhere, &cause()));
    assert_eq!(refused(found.ship(&parcel("1", None), staff(), &cause())), "order_status");
}

#[test]
fn an_amount_that_was_not_asked_for_wants_a_person() {
    let started = started(&order(&[(1, 1000)]), CaptureMode::Automatic);
    let less = ProviderPayment { captured_minor: 999, ..seen(&started, ProviderState::Captured) };
    assert_eq!(done(started.observe(&less, &cause())).order.status, OrderStatus::UnderReview);
}

#[test]
fn goods_come_back_as_often_as_they_were_sent() {
    let order = shipped(&paid(&[(2, 1000)]));
    let ask = |order: &Order, count| {
        order.request_return(&[pieces(order, 0, count)], ReturnReason::Other, order.customer_id, &cause())
    };
    assert_eq!(refused(ask(&order, 3)), "not_in_order");
    let asked = done(ask(&order, 2)).order;
    assert_eq!(refused(ask(&asked, 1)), "not_in_order");
    let id = asked.returns[0].id;
    assert_eq!(refused(asked.receive_return(id, ReceivedGoods::Restock, false, staff(), &cause())), "return_status");
    let rejected = done(asked.reject_return(id, &history::reason("worn"), staff(), &cause())).order;
    nothing(rejected.reject_return(id, &history::reason("worn"), staff(), &cause()));
    assert_eq!(refused(rejected.approve_return(id, staff(), &cause())), "return_status");
    assert!(ask(&rejected, 2).is_ok());
    let written_off = done(done(asked.approve_return(id, staff(), &cause())).order.receive_return(
        id,
        ReceivedGoods::WriteOff,
        false,
        staff(),
        &cause(),
    ));
    assert_eq!((written_off.moves.len(), written_off.order.lines[0].returned), (0, 2));
}

#[test]
fn every_step_has_an_event_of_its_own() {
    let order = order(&[(1, 1000)]);
    let mut names: Vec<String> =
        OrderStep::ALL.iter().map(|step| crate::Event::order_changed(&order, *step, &cause()).data.name()).collect();
    for (name, step) in names.iter().zip(OrderStep::ALL) {
        assert_eq!(*name, format!("souk.Order{step:?}"));
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), OrderStep::ALL.len());
}

#[test]
fn a_buyer_does_not_see_what_staff_wrote_for_themselves() {
    let note = |order: &Order, text: &str, is_public| {
        done(order.add_note(&text.parse().expect("a note"), is_public, staff(), &cause())).order
    };
    let order = note(&note(&order(&[(1, 1)]), "secret", false), "hello", true);
    assert_eq!(order.notes.len(), 2);
    assert_eq!(order.for_buyer().notes.iter().map(|note| note.text.as_str()).collect::<Vec<_>>(), ["hello"]);
}

#[test]
fn an_event_says_when_a_note_is_no_news_to_the_buyer() {
    let told = |change: &OrderChange| crate::Event::order_changed(&change.order, change.step, &cause()).data.content();
    let note =
        |is_public| done(order(&[(1, 1)]).add_note(&"hello".parse().expect("a note"), is_public, staff(), &cause()));
    let (private, public) = (note(false), note(true));
    assert_eq!(told(&private)["isPrivate"], true);
    let cancelled = done(private.order.cancel(staff(), &cause()));
    for change in [public, cancelled] {
        assert_eq!(told(&change).get("isPrivate"), None);
    }
}

/// One thing that may happen to an order.
#[derive(Clone, Debug)]
enum Deed {
    Pay(bool),
    Provider(u8),
    Refund(u8, u32),
    Ship(u32),
    Deliver,
    Return(u32),
    Receive(bool),
    Cancel,
    Expire,
    Capture,
    Void,
    Settle,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        any::<bool>().prop_map(Deed::Pay),
        (0u8..8).prop_map(Deed::Provider),
        (0u8..8).prop_map(Deed::Provider),
        (0u8..3, 1u32..5).prop_map(|(kind, size)| Deed::Refund(kind, size)),
        (1u32..5).prop_map(Deed::Ship),
        Just(Deed::Deliver),
        (1u32..3).prop_map(Deed::Return),
        any::<bool>().prop_map(Deed::Receive),
        Just(Deed::Cancel),
        Just(Deed::Expire),
        Just(Deed::Capture),
        Just(Deed::Void),
        Just(Deed::Settle),
    ];
    prop::collection::vec(deed, 1..40)
}

/// How the provider sees one of the payments, now or at an earlier time.
fn sight(order: &Order, dice: u8) -> Option<ProviderPayment> {
    let payment = &order.payments.get(usize::from(dice) % order.payments.len().max(1))?;
    let state = match dice {
        0 => ProviderState::Declined { code: "no".to_owned() },
        1 => ProviderState::Authorised,
        2 => ProviderState::ActionRequired { url: "https://bank.example".to_owned() },
        3 => ProviderState::Voided,
        4 => ProviderState::Processing,
        _ => ProviderState::Captured,
    };
    let captured = state == ProviderState::Captured;
    let refunds = payment.operations.iter().filter(|operation| operation.kind == OperationKind::Refund && captured);
    let state_of_refund = if dice == 6 { RefundState::Failed } else { RefundState::Succeeded };
    Some(ProviderPayment {
        payment_id: payment.id,
        order_id: order.id,
        reference: "pi".to_owned(),
        amount_minor: payment.amount.amount_minor(),
        captured_minor: if captured { payment.amount.amount_minor() } else { 0 },
        refunds: refunds
            .map(|operation| ProviderRefund {
                reference: format!("re_{}", operation.id),
                operation_id: Some(operation.id),
                amount_minor: operation.amount.amount_minor(),
                state: if operation.status == OperationStatus::Succeeded {
                    RefundState::Succeeded
                } else {
                    state_of_refund
                },
            })
            .collect(),
        is_disputed: dice == 7,
        state,
    })
}

fn act(order: &Order, deed: &Deed) -> Result<Option<OrderChange>> {
    let cause = cause();
    let line = |count| pieces(order, 0, count);
    let why = history::reason("because");
    match deed {
        Deed::Pay(now) => {
            let mode = if *now { CaptureMode::Automatic } else { CaptureMode::Manual };
            order.start_payment(PaymentId::new(), "sandbox", mode, order.customer_id, &cause)
        }
        Deed::Provider(dice) => sight(order, *dice).map_or(Ok(None), |seen| order.observe(&seen, &cause)),
        Deed::Refund(0, _) => order.refund(None, &RefundWish::All, &why, staff(), &cause),
        Deed::Refund(1, size) => {
            order.refund(None, &RefundWish::Amount(gbp(i64::from(*size) * 100)), &why, staff(), &cause)
        }
        Deed::Refund(_, size) => order.refund(None, &RefundWish::Lines(vec![line(*size)]), &why, staff(), &cause),
        Deed::Ship(pieces) => {
            let number = format!("{}", order.shipments.len());
            order.ship(&parcel(&number, Some(vec![line(*pieces)])), staff(), &cause)
        }
        Deed::Deliver => order.deliver(None, staff(), &cause),
        Deed::Return(count) => order.request_return(&[pieces(order, 0, *count)], ReturnReason::Other, staff(), &cause),
        Deed::Receive(restock) => {
            let Some(id) = order.returns.iter().find(|goods| goods.received.is_none()).map(|goods| goods.id) else {
                return Ok(None);
            };
            let becomes = if *restock { ReceivedGoods::Restock } else { ReceivedGoods::WriteOff };
            match order.approve_return(id, staff(), &cause)? {
                Some(change) => Ok(Some(change)),
                None => order.receive_return(id, becomes, order.version % 3 == 0, staff(), &cause),
            }
        }
        Deed::Cancel => order.cancel(staff(), &cause),
        Deed::Expire => order.expire(&Cause { at: crate::now() + Duration::days(1), ..cause }),
        Deed::Capture => order.capture(staff(), &cause),
        Deed::Void => order.payments.first().map_or(Ok(None), |payment| order.void(payment.id, staff(), &cause)),
        Deed::Settle => order.settle_review(&why, staff(), &cause),
    }
}

proptest! {
    #[test]
    fn whatever_happens_in_whatever_order_books_and_goods_agree(deeds in deeds()) {
        let mut order = order(&[(4, 333), (2, 1250)]);
        let total: u32 = order.lines.iter().map(|line| line.quantity.get()).sum();
        let (mut reserved, mut sent, mut back) = (i64::from(total), 0, 0);
        for deed in deeds {
            let change = match act(&order, &deed) {
                Ok(Some(change)) => change,
                Ok(None) => continue,
                Err(Error::Conflict { .. } | Error::NotFound(_) | Error::Invalid(_)) => continue,
                Err(other) => return Err(TestCaseError::fail(format!("{deed:?}: {other}"))),
            };
            prop_assert_eq!(change.order.version, order.version + 1);
            for stock_move in &change.moves {
                reserved += stock_move.reserved_change();
                match stock_move.kind {
                    MovementKind::Shipped => sent += i64::from(stock_move.pieces),
                    MovementKind::Returned => back += i64::from(stock_move.pieces),
                    _ => {}
                }
            }
            order = change.order;
            // Nothing is paid back that was not paid, what is under way included.
            for payment in &order.payments {
                prop_assert!(payment.refundable() >= 0, "{:?} after {:?}", payment, deed);
            }
            // What is reserved is what is left to be sent; nothing is kept without a claim on it.
            let unsent: u32 = order.lines.iter().map(OrderLine::unshipped).sum();
            prop_assert_eq!(reserved, i64::from(unsent));
            prop_assert!(back <= sent);
            // Goods leave for money that moved.
            if matches!(deed, Deed::Ship(_)) {
                prop_assert!(order.paying().is_some_and(|payment| payment.status == PaymentStatus::Captured));
            }
            // An order that has ended holds no stock, and asks for all money back that it can get.
            if order.ended.is_some() {
                prop_assert_eq!(unsent, 0);
                for payment in &order.payments {
                    let has_failed = payment.operations.iter().any(|operation| operation.status == OperationStatus::Failed);
                    prop_assert!(payment.refundable() == 0 || has_failed || order.review.is_some());
                }
            }
            // Nobody is asked for the mail of a step that brings none.
            let is_mailed = !order.news_of(order.version).is_empty();
            prop_assert!(!is_mailed || order.steps_of(order.version).into_iter().any(OrderStep::may_be_mailed));
            let read: Order = serde_json::from_str(&serde_json::to_string(&order).expect("JSON")).expect("an order");
            prop_assert_eq!(&read, &order);
        }
    }
}
