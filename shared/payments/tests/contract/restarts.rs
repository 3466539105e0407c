use crate::harness::{Inbox, Shop, charge, taken};
use souk_domain::OperationId;
use souk_domain::ports::PaymentProvider;

#[tokio::test]
async fn after_a_crash_the_books_and_the_keys_are_what_they_were() {
    let shop = Shop::open().await;
    let charge = charge("pm_card_visa");
    let payment = shop.pay(&charge).await;
    let key = OperationId::new();
    let refunded = taken(shop.provider.refund(&payment.reference, 100, key).await.unwrap());
    let books = shop.books().await;

    let shop = Shop::open_in(shop.crash().await, Inbox::default(), 0).await;
    assert_eq!(shop.books().await, books);
    assert_eq!(shop.pay(&charge).await, refunded);
    assert_eq!(taken(shop.provider.refund(&payment.reference, 100, key).await.unwrap()), refunded);
    assert_eq!(shop.books().await, books);
}

#[tokio::test]
async fn after_a_crash_notices_that_nobody_took_are_delivered() {
    let shop = Shop::open_in(tempfile::tempdir().unwrap(), Inbox::refusing(usize::MAX), 0).await;
    shop.pay(&charge("pm_card_visa")).await;
    let shop = Shop::open_in(shop.crash().await, Inbox::default(), 0).await;
    shop.inbox.wait_for(|arrived| arrived.len() == 2).await;
}

#[tokio::test]
async fn what_was_under_way_at_a_crash_is_decided_afterwards() {
    let shop = Shop::open().await;
    let charge = charge("pm_sandbox_processing");
    shop.pay(&charge).await;
    let shop = Shop::open_in(shop.crash().await, Inbox::default(), 0).await;
    shop.wait_for(charge.payment_id, |payment| payment.captured_minor == 1299).await;
    shop.inbox.wait_for(|arrived| arrived.iter().any(|notice| notice.kind() == "payment_intent.succeeded")).await;
}
