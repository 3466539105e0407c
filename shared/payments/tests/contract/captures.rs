use crate::harness::{Shop, charge, hold, refused, taken};
use souk_domain::ports::PaymentProvider;
use souk_domain::{OperationId, ProviderState};

#[tokio::test]
async fn what_is_held_moves_when_it_is_captured() {
    let shop = Shop::open().await;
    let held = shop.pay(&hold("pm_card_visa")).await;
    assert_eq!((held.state, held.captured_minor), (ProviderState::Authorised, 0));
    assert_eq!(shop.books().await["totals"][0]["held"], 1299);
    let payment = taken(shop.provider.capture(&held.reference, 1299, OperationId::new()).await.unwrap());
    assert_eq!((payment.state, payment.captured_minor), (ProviderState::Captured, 1299));
}

#[tokio::test]
async fn a_part_can_be_captured_and_the_rest_is_let_go() {
    let shop = Shop::open().await;
    let held = shop.pay(&hold("pm_card_visa")).await;
    let too_much = shop.provider.capture(&held.reference, 1300, OperationId::new()).await.unwrap();
    assert_eq!(refused(too_much), "amount_too_large");
    let payment = taken(shop.provider.capture(&held.reference, 1000, OperationId::new()).await.unwrap());
    assert_eq!((&payment.state, payment.amount_minor, payment.captured_minor), (&ProviderState::Captured, 1299, 1000));
    let rest = shop.provider.refund(&payment.reference, 1001, OperationId::new()).await.unwrap();
    assert_eq!(refused(rest), "invalid_request_error");
}

#[tokio::test]
async fn a_capture_that_happened_before_is_answered_as_done_under_any_key() {
    let shop = Shop::open().await;
    let held = shop.pay(&hold("pm_card_visa")).await;
    let key = OperationId::new();
    let payment = taken(shop.provider.capture(&held.reference, 1299, key).await.unwrap());
    for key in [key, OperationId::new()] {
        assert_eq!(taken(shop.provider.capture(&held.reference, 1299, key).await.unwrap()), payment);
    }
    let another = shop.provider.capture(&held.reference, 1000, OperationId::new()).await.unwrap();
    assert_eq!(refused(another), "payment_intent_unexpected_state");
}

#[tokio::test]
async fn the_bank_may_think_better_of_what_it_held() {
    let shop = Shop::open().await;
    let held = shop.pay(&hold("pm_sandbox_capture_declined")).await;
    assert_eq!(held.state, ProviderState::Authorised);
    let expected = ProviderState::Declined { code: "generic_decline".to_owned() };
    let key = OperationId::new();
    for key in [key, key] {
        let payment = taken(shop.provider.capture(&held.reference, 1299, key).await.unwrap());
        assert_eq!((&payment.state, payment.captured_minor), (&expected, 0));
    }
    let later = shop.provider.capture(&held.reference, 1299, OperationId::new()).await.unwrap();
    assert_eq!(refused(later), "payment_intent_unexpected_state");
    assert_eq!(shop.pay(&charge("pm_sandbox_capture_declined")).await.state, expected);
}

#[tokio::test]
async fn what_is_held_can_be_let_go_once_and_asked_for_again() {
    let shop = Shop::open().await;
    let held = shop.pay(&hold("pm_card_visa")).await;
    let key = OperationId::new();
    for key in [key, key, OperationId::new()] {
        let payment = taken(shop.provider.void(&held.reference, key).await.unwrap());
        assert_eq!((payment.state, payment.captured_minor), (ProviderState::Voided, 0));
    }
    let captured = shop.provider.capture(&held.reference, 1299, OperationId::new()).await.unwrap();
    assert_eq!(refused(captured), "payment_intent_unexpected_state");
    assert_eq!(shop.books().await["totals"][0]["held"], 0);
}

#[tokio::test]
async fn what_was_taken_cannot_be_let_go() {
    let shop = Shop::open().await;
    let payment = shop.pay(&charge("pm_card_visa")).await;
    let answer = shop.provider.void(&payment.reference, OperationId::new()).await.unwrap();
    assert_eq!(refused(answer), "payment_intent_unexpected_state");
}

#[tokio::test]
async fn a_declined_card_can_be_given_up() {
    let shop = Shop::open().await;
    let payment = shop.pay(&charge("pm_card_chargeDeclined")).await;
    let payment = taken(shop.provider.void(&payment.reference, OperationId::new()).await.unwrap());
    assert_eq!(payment.state, ProviderState::Voided);
}

#[tokio::test]
async fn a_payment_that_nobody_made_is_neither_captured_nor_let_go_nor_given_back() {
    let shop = Shop::open().await;
    for answer in [
        shop.provider.capture("pi_unheard_of", 1, OperationId::new()).await,
        shop.provider.void("pi_unheard_of", OperationId::new()).await,
        shop.provider.refund("pi_unheard_of", 1, OperationId::new()).await,
    ] {
        assert_eq!(refused(answer.unwrap()), "resource_missing");
    }
}
