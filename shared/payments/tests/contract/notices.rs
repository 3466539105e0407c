use crate::harness::{Arrived, Inbox, LATE, Shop, WEBHOOK_SECRET, charge, hold, refused, taken};
use souk_domain::ports::PaymentProvider;
use souk_domain::{CaptureMode, DateTime, Error, OperationId};
use souk_sandbox::signature;
use std::time::{Duration, Instant};

fn is_refused(shop: &Shop, signature: &str, body: &str, now: DateTime) -> bool {
    match shop.provider.notice(signature, body.as_bytes(), now) {
        Err(Error::Invalid(violation)) => violation.code == "invalid_signature",
        _ => false,
    }
}

#[tokio::test]
async fn every_notice_of_a_payment_leads_to_it() {
    let shop = Shop::open().await;
    let charge = charge("pm_card_visa");
    let payment = shop.pay(&charge).await;
    taken(shop.provider.refund(&payment.reference, 100, OperationId::new()).await.unwrap());
    let arrived = shop.inbox.wait_for(|arrived| arrived.len() == 4).await;
    for notice in &arrived {
        let read = shop.provider.notice(&notice.signature, notice.body.as_bytes(), souk_domain::now()).unwrap();
        assert_eq!(read.as_ref(), Some(&payment.reference), "{}", notice.kind());
    }
    let found = shop.provider.payment_by_reference(&payment.reference).await.unwrap().unwrap();
    assert_eq!((found.order_id, found.payment_id), (charge.order_id, charge.payment_id));
    assert_eq!(shop.provider.payment_by_reference("pi_unheard_of").await.unwrap(), None);
    let mut kinds = shop.inbox.kinds();
    kinds.sort_unstable();
    assert_eq!(kinds, ["charge.refunded", "payment_intent.created", "payment_intent.succeeded", "refund.created"]);
}

#[tokio::test]
async fn a_dispute_is_told_and_shows_on_the_payment() {
    let shop = Shop::open().await;
    for charge in [charge("pm_card_createDispute"), hold("pm_card_createDispute")] {
        let is_held = charge.capture == CaptureMode::Manual;
        let payment = shop.pay(&charge).await;
        let seen = async || shop.provider.payment(charge.payment_id, Some(&payment.reference)).await.unwrap().unwrap();
        assert_eq!(seen().await.is_disputed, !is_held, "what is only held is not disputed");
        if is_held {
            taken(shop.provider.capture(&payment.reference, 1299, OperationId::new()).await.unwrap());
            assert!(seen().await.is_disputed);
        }
        let is_dispute =
            |notice: &Arrived| notice.kind() == "charge.dispute.created" && notice.body.contains(&payment.reference);
        let arrived = shop.inbox.wait_for(|arrived| arrived.iter().any(is_dispute)).await;
        let notice = arrived.iter().find(|notice| is_dispute(notice)).unwrap();
        let read = shop.provider.notice(&notice.signature, notice.body.as_bytes(), souk_domain::now()).unwrap();
        assert_eq!(read, Some(payment.reference.clone()));
        let refund = shop.provider.refund(&payment.reference, 100, OperationId::new()).await.unwrap();
        assert_eq!(refused(refund), "charge_disputed");
    }
}

#[tokio::test]
async fn a_notice_that_the_provider_did_not_write_just_now_is_refused() {
    let shop = Shop::open().await;
    shop.pay(&charge("pm_card_visa")).await;
    let notice = shop.inbox.wait_for(|arrived| !arrived.is_empty()).await.remove(0);
    let (body, now) = (notice.body.as_str(), souk_domain::now());
    assert!(shop.provider.notice(&notice.signature, body.as_bytes(), now).is_ok());
    assert!(is_refused(&shop, &notice.signature, &body.replace("1299", "1"), now), "tampered");
    let six_minutes = Duration::from_secs(360);
    assert!(is_refused(&shop, &notice.signature, body, now + six_minutes), "old");
    assert!(is_refused(&shop, &notice.signature, body, now - six_minutes), "of the future");
    let other = signature(&"whsec_other".to_owned().into(), now.timestamp(), body);
    assert!(is_refused(&shop, &other, body, now), "another secret");
    let good = signature(&WEBHOOK_SECRET.to_owned().into(), now.timestamp(), body);
    let both = format!("{other},{}", good.split_once(',').unwrap().1);
    assert!(shop.provider.notice(&both, body.as_bytes(), now).is_ok(), "one of several");
    assert!(is_refused(&shop, "", body, now), "none");
}

#[tokio::test]
async fn a_notice_is_sent_again_until_it_is_taken() {
    let shop = Shop::open_in(tempfile::tempdir().unwrap(), Inbox::refusing(5), 0).await;
    shop.pay(&charge("pm_card_visa")).await;
    shop.inbox.wait_for(|arrived| arrived.len() == 2).await;
}

#[tokio::test]
async fn a_notice_may_arrive_twice() {
    let shop = Shop::open().await;
    shop.pay(&charge("pm_sandbox_webhook_twice")).await;
    let arrived = shop.inbox.wait_for(|arrived| arrived.len() == 4).await;
    for notice in &arrived {
        assert_eq!(arrived.iter().filter(|other| other.id() == notice.id()).count(), 2);
    }
}

#[tokio::test]
async fn notices_may_arrive_out_of_order() {
    let shop = Shop::open().await;
    shop.pay(&charge("pm_sandbox_webhook_out_of_order")).await;
    shop.inbox.wait_for(|arrived| arrived.len() == 2).await;
    assert_eq!(shop.inbox.kinds(), ["payment_intent.succeeded", "payment_intent.created"]);
}

#[tokio::test]
async fn notices_may_be_late_or_never_come() {
    let shop = Shop::open().await;
    let (never, late) = (charge("pm_sandbox_webhook_never"), charge("pm_sandbox_webhook_late"));
    shop.pay(&never).await;
    let begin = Instant::now();
    shop.pay(&late).await;
    let arrived = shop.inbox.wait_for(|arrived| arrived.len() == 2).await;
    for notice in arrived {
        assert!(notice.body.contains(&late.payment_id.to_string()));
        // The sandbox counts whole milliseconds.
        assert!(notice.at.duration_since(begin) + Duration::from_millis(1) >= LATE);
    }
}
