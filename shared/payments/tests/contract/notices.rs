use crate::harness::{Inbox, LATE, Shop, WEBHOOK_SECRET, charge, taken};
use souk_domain::ports::PaymentProvider;
use souk_domain::{DateTime, Error, OperationId, ProviderNotice};
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
    let (order_id, payment_id) = (charge.order_id, charge.payment_id);
    let expected = ProviderNotice { order_id, payment_id, reference: payment.reference };
    let arrived = shop.inbox.wait_for(|arrived| arrived.len() == 4).await;
    for notice in &arrived {
        let read = shop.provider.notice(&notice.signature, notice.body.as_bytes(), souk_domain::now()).unwrap();
        assert_eq!(read.as_ref(), Some(&expected), "{}", notice.kind());
    }
    let mut kinds = shop.inbox.kinds();
    kinds.sort_unstable();
    assert_eq!(kinds, ["charge.refunded", "payment_intent.created", "payment_intent.succeeded", "refund.created"]);
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
