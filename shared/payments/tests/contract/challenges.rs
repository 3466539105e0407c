use crate::harness::{Shop, charge, hold, taken};
use reqwest::redirect::Policy;
use souk_domain::ports::PaymentProvider;
use souk_domain::{OperationId, ProviderState};

/// Where the challenge of a payment is.
fn page(state: &ProviderState) -> &str {
    match state {
        ProviderState::ActionRequired { url } => url,
        other => panic!("no challenge: {other:?}"),
    }
}

/// Presses a button as a browser does; where it is sent afterwards.
async fn press(page: &str, outcome: &str) -> String {
    let browser = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let shown = browser.get(page).send().await.unwrap().text().await.unwrap();
    assert!(shown.contains("Confirm your payment") && shown.contains("Order S-1001"), "{shown}");
    let response = browser.post(page).body(format!("outcome={outcome}")).send().await.unwrap();
    assert_eq!(response.status(), 303);
    response.headers()["location"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_challenge_that_is_completed_leads_back_to_the_shop_and_moves_the_money() {
    let shop = Shop::open().await;
    for method in ["pm_card_authenticationRequired", "pm_card_threeDSecure2Required"] {
        let charge = charge(method);
        let payment = shop.pay(&charge).await;
        assert_eq!(payment.captured_minor, 0);
        let back = press(page(&payment.state), "complete").await;
        let reference = &payment.reference;
        assert_eq!(
            back,
            format!("http://shop.example/orders?tab=1&payment_intent={reference}&redirect_status=succeeded")
        );
        let payment = shop.provider.payment(charge.payment_id, Some(reference)).await.unwrap().unwrap();
        assert_eq!((payment.state, payment.captured_minor), (ProviderState::Captured, 1299));
    }
}

#[tokio::test]
async fn a_challenge_that_is_failed_declines_the_payment() {
    let shop = Shop::open().await;
    let charge = charge("pm_card_authenticationRequired");
    let payment = shop.pay(&charge).await;
    let back = press(page(&payment.state), "fail").await;
    assert!(back.ends_with("&redirect_status=failed"), "{back}");
    let again = press(page(&payment.state), "complete").await;
    assert_eq!(again, back, "it was decided");
    let payment = shop.provider.payment(charge.payment_id, None).await.unwrap().unwrap();
    let code = "payment_intent_authentication_failure".to_owned();
    assert_eq!((payment.state, payment.captured_minor), (ProviderState::Declined { code }, 0));
}

#[tokio::test]
async fn after_a_challenge_the_money_can_be_held_until_it_is_captured() {
    let shop = Shop::open().await;
    let charge = hold("pm_card_authenticationRequired");
    let payment = shop.pay(&charge).await;
    press(page(&payment.state), "complete").await;
    let payment = shop.provider.payment(charge.payment_id, None).await.unwrap().unwrap();
    assert_eq!(payment.state, ProviderState::Authorised);
}

#[tokio::test]
async fn a_challenge_that_was_given_up_cannot_be_completed() {
    let shop = Shop::open().await;
    let charge = charge("pm_card_authenticationRequired");
    let payment = shop.pay(&charge).await;
    let voided = taken(shop.provider.void(&payment.reference, OperationId::new()).await.unwrap());
    assert_eq!(voided.state, ProviderState::Voided);
    let back = press(page(&payment.state), "complete").await;
    assert!(back.ends_with("&redirect_status=failed"), "{back}");
    assert_eq!(shop.provider.payment(charge.payment_id, None).await.unwrap(), Some(voided));
}

#[tokio::test]
async fn a_challenge_of_no_payment_is_not_found() {
    let shop = Shop::open().await;
    let payment = shop.pay(&charge("pm_card_authenticationRequired")).await;
    let nowhere = page(&payment.state).replace("/3ds/pi_", "/3ds/pi_x");
    assert_eq!(reqwest::get(&nowhere).await.unwrap().status(), 404);
    let answer = reqwest::Client::new().post(page(&payment.state)).body("outcome=perhaps").send().await.unwrap();
    assert_eq!(answer.status(), 400);
}
