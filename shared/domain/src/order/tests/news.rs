//! What buyers get mail of.

use super::*;

#[test]
fn a_buyer_gets_mail_of_what_they_wait_for_and_of_nothing_else() {
    let waits = started(&order(&[(2, 1000)]), CaptureMode::Manual);
    assert_eq!((waits.news_of(1), waits.news_of(2)), (vec![], vec![]));
    let held = observed(&waits, ProviderState::Authorised);
    assert_eq!(held.news_of(held.version), [OrderNews::Confirmed]);
    // Confirmed is confirmed: that the money moves as well, or a look at the order, is no news.
    let captured = done(held.capture(staff(), &cause())).order;
    let captured = observed(&captured, ProviderState::Captured);
    assert_eq!(captured.news_of(captured.version), []);
    let sent = done(captured.ship(&parcel("1", Some(vec![pieces(&captured, 0, 1)])), staff(), &cause())).order;
    let all = done(sent.ship(&parcel("2", None), staff(), &cause())).order;
    assert_eq!(all.news_of(sent.version), [OrderNews::Shipped(&all.shipments[0])]);
    assert_eq!(all.news_of(all.version), [OrderNews::Shipped(&all.shipments[1])]);
    let asked = done(all.request_return(&[pieces(&all, 0, 1)], ReturnReason::Damaged, staff(), &cause())).order;
    let (id, why) = (asked.returns[0].id, history::reason("it is worn"));
    let approved = done(asked.approve_return(id, staff(), &cause())).order;
    let rejected = done(asked.reject_return(id, &why, staff(), &cause())).order;
    assert_eq!(
        (asked.news_of(asked.version), approved.news_of(approved.version)),
        (vec![], vec![OrderNews::ReturnApproved])
    );
    assert_eq!(rejected.news_of(rejected.version), [OrderNews::ReturnRejected(Some("it is worn"))]);
    let cancelled = done(captured.cancel(staff(), &cause())).order;
    let refunded = observed(&cancelled, ProviderState::Captured);
    assert_eq!(refunded.news_of(cancelled.version), [OrderNews::Cancelled]);
    assert_eq!(refunded.news_of(refunded.version), [OrderNews::Refunded]);
}

#[test]
fn an_order_that_goes_on_after_a_review_is_confirmed_then() {
    let waits = started(&order(&[(1, 1000)]), CaptureMode::Automatic);
    let more = ProviderPayment { captured_minor: 1200, ..seen(&waits, ProviderState::Captured) };
    let held = done(waits.observe(&more, &cause())).order;
    assert_eq!((held.status, held.news_of(held.version)), (OrderStatus::UnderReview, vec![]));
    let settled = done(held.settle_review(&history::reason("fine"), staff(), &cause())).order;
    assert_eq!(settled.news_of(settled.version), [OrderNews::Confirmed]);
    let surplus = RefundWish::Amount(gbp(200));
    let asked = done(held.refund(None, &surplus, &history::reason("surplus"), staff(), &cause())).order;
    let given = ProviderPayment { captured_minor: 1200, ..seen(&asked, ProviderState::Captured) };
    let back = done(asked.observe(&given, &cause())).order;
    let settled = done(back.settle_review(&history::reason("fine"), staff(), &cause())).order;
    assert_eq!(settled.status, OrderStatus::PartiallyRefunded);
    assert_eq!(settled.news_of(settled.version), [OrderNews::Confirmed]);
}

#[test]
fn an_order_that_ended_before_its_money_came_is_not_confirmed() {
    let late = Cause { at: crate::now() + Duration::hours(1), ..cause() };
    let expired = done(started(&order(&[(1, 1000)]), CaptureMode::Automatic).expire(&late)).order;
    let paid = done(expired.observe(&seen(&expired, ProviderState::Captured), &late)).order;
    let refunded = done(paid.observe(&seen(&paid, ProviderState::Captured), &late)).order;
    let news: Vec<_> = (1..=refunded.version).flat_map(|version| refunded.news_of(version)).collect();
    assert_eq!(news, [OrderNews::Refunded]);
}
