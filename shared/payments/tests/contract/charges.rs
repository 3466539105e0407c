use crate::harness::{Inbox, Shop, charge, hold, money, refused, taken};
use souk_domain::ports::PaymentProvider;
use souk_domain::{Charge, Error, OperationId, PaymentId, ProviderAnswer, ProviderPayment, ProviderState};
use std::collections::HashSet;
use std::time::Duration;

fn declined(code: &str) -> ProviderState {
    ProviderState::Declined { code: code.to_owned() }
}

#[tokio::test]
async fn a_good_card_is_charged_and_the_payment_is_found_by_either_name() {
    let shop = Shop::open().await;
    let charge = charge("pm_card_visa");
    let payment = shop.pay(&charge).await;
    let expected = ProviderPayment {
        payment_id: charge.payment_id,
        order_id: charge.order_id,
        reference: payment.reference.clone(),
        state: ProviderState::Captured,
        amount_minor: 1299,
        captured_minor: 1299,
        refunds: Vec::new(),
        is_disputed: false,
    };
    assert_eq!(payment, expected);
    assert_eq!(
        shop.provider.payment(charge.payment_id, Some(&payment.reference)).await.unwrap(),
        Some(expected.clone())
    );
    assert_eq!(shop.provider.payment(charge.payment_id, None).await.unwrap(), Some(expected));
    assert_eq!(shop.provider.name(), "sandbox");
}

#[tokio::test]
async fn a_declined_card_tells_why_and_takes_nothing() {
    let shop = Shop::open().await;
    for (method, code) in [
        ("pm_card_chargeDeclined", "generic_decline"),
        ("pm_card_visa_chargeDeclined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
    ] {
        for charge in [charge(method), hold(method)] {
            let payment = shop.pay(&charge).await;
            assert_eq!((&payment.state, payment.captured_minor), (&declined(code), 0));
            assert_eq!(shop.pay(&charge).await, payment, "asked again");
            assert_eq!(shop.provider.payment(charge.payment_id, None).await.unwrap(), Some(payment));
        }
    }
}

#[tokio::test]
async fn what_the_provider_will_never_do_is_refused_with_its_word() {
    let shop = Shop::open().await;
    let answer = shop.provider.charge(&charge("pm_card_unheard_of")).await.unwrap();
    assert_eq!(refused(answer), "resource_missing");
    let answer = shop.provider.charge(&Charge { amount: money(0, "GBP"), ..charge("pm_card_visa") }).await.unwrap();
    assert_eq!(refused(answer), "parameter_invalid_integer");
    let answer =
        shop.provider.charge(&Charge { return_url: "nowhere".to_owned(), ..charge("pm_card_visa") }).await.unwrap();
    assert_eq!(refused(answer), "url_invalid");
    assert_eq!(shop.books().await["payments"], serde_json::json!([]));
}

#[tokio::test]
async fn a_currency_that_stripe_counts_otherwise_is_refused_without_a_call() {
    let shop = Shop::open().await;
    for (currency, is_taken) in
        [("ISK", false), ("UGX", false), ("MGA", false), ("JPY", true), ("HUF", true), ("KWD", true)]
    {
        let answer =
            shop.provider.charge(&Charge { amount: money(1000, currency), ..charge("pm_card_visa") }).await.unwrap();
        match is_taken {
            true => assert_eq!(taken(answer).captured_minor, 1000),
            false => assert_eq!(refused(answer), "unsupported_currency"),
        }
    }
}

#[tokio::test]
async fn the_same_wish_twice_charges_once() {
    let shop = Shop::open().await;
    let charge = charge("pm_card_visa");
    let (one, other) = tokio::join!(shop.pay(&charge), shop.pay(&charge));
    assert_eq!(one, other);
    let books = shop.books().await;
    assert_eq!(books["payments"].as_array().unwrap().len(), 1);
    assert_eq!(books["totals"][0]["captured"], 1299);
}

#[tokio::test]
async fn a_key_that_comes_with_another_amount_charges_nothing_and_is_no_refusal() {
    let shop = Shop::open().await;
    let first = charge("pm_card_visa");
    shop.pay(&first).await;
    let second = Charge { amount: money(2, "GBP"), ..first.clone() };
    assert!(matches!(shop.provider.charge(&second).await, Err(Error::KeyReused)));
    assert_eq!(shop.books().await["totals"][0]["captured"], 1299);
}

#[tokio::test]
async fn a_wish_that_is_repeated_is_answered_with_how_the_payment_is_now() {
    let shop = Shop::open().await;
    let charge = charge("pm_card_visa");
    let payment = shop.pay(&charge).await;
    let refunded = taken(shop.provider.refund(&payment.reference, 99, OperationId::new()).await.unwrap());
    assert_eq!(refunded.refunds.len(), 1);
    assert_eq!(shop.pay(&charge).await, refunded);
}

#[tokio::test]
async fn a_payment_that_nobody_made_is_none() {
    let shop = Shop::open().await;
    assert_eq!(shop.provider.payment(PaymentId::new(), None).await.unwrap(), None);
    assert_eq!(shop.provider.payment(PaymentId::new(), Some("pi_unheard_of")).await.unwrap(), None);
}

#[tokio::test]
async fn a_reference_that_is_none_or_another_payments_is_a_defect() {
    let shop = Shop::open().await;
    let payment = shop.pay(&charge("pm_card_visa")).await;
    for reference in [payment.reference.as_str(), "../refunds", ""] {
        let outcome = shop.provider.payment(PaymentId::new(), Some(reference)).await;
        assert!(matches!(outcome, Err(Error::Internal(_))), "{reference}");
    }
}

#[tokio::test]
async fn a_payment_that_takes_a_while_is_processing_and_then_settles() {
    let shop = Shop::open().await;
    for (charge, settled) in [
        (charge("pm_sandbox_processing"), ProviderState::Captured),
        (hold("pm_sandbox_processing"), ProviderState::Authorised),
    ] {
        let payment = shop.pay(&charge).await;
        assert_eq!((payment.state, payment.captured_minor), (ProviderState::Processing, 0));
        shop.wait_for(charge.payment_id, |payment| payment.state == settled).await;
    }
}

#[tokio::test]
async fn a_charge_whose_answer_never_comes_is_found_afterwards_and_charged_once() {
    let shop = Shop::open().await;
    let charge = charge("pm_sandbox_timeout_after_charge");
    let hasty = shop.provider("?timeout_ms=150");
    assert!(matches!(hasty.charge(&charge).await, Err(Error::Unavailable(_))));
    let found = shop.wait_for(charge.payment_id, |payment| payment.state == ProviderState::Captured).await;
    assert_eq!(shop.pay(&charge).await, found);
    assert_eq!(shop.books().await["payments"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_charge_that_never_got_anywhere_leaves_nothing_on_the_books() {
    let shop = Shop::open().await;
    let charge = charge("pm_sandbox_timeout_before_charge");
    let hasty = shop.provider("?timeout_ms=150");
    for _ in 0..2 {
        assert!(matches!(hasty.charge(&charge).await, Err(Error::Unavailable(_))));
    }
    assert_eq!(shop.provider.payment(charge.payment_id, None).await.unwrap(), None);
    assert_eq!(shop.books().await["payments"], serde_json::json!([]));
}

#[tokio::test]
async fn a_charge_from_before_yesterday_is_looked_for_since_its_key_may_be_forgotten() {
    let shop = Shop::open().await;
    let two_days_ago = (souk_domain::now() - Duration::from_secs(2 * 24 * 3600)).timestamp();
    let made = uuid::Timestamp::from_unix(uuid::NoContext, two_days_ago.try_into().unwrap(), 0);
    let charge = Charge { payment_id: uuid::Uuid::new_v7(made).into(), ..charge("pm_card_visa") };
    let payment = shop.pay(&charge).await;
    shop.forget_keys();
    assert_eq!(shop.pay(&charge).await, payment);
    assert_eq!(shop.books().await["totals"][0]["captured"], 1299);
}

#[tokio::test]
async fn in_chaos_the_books_and_what_the_provider_says_in_the_end_agree() {
    let shop = Shop::open_in(tempfile::tempdir().unwrap(), Inbox::default(), 42).await;
    let hasty = shop.provider("?timeout_ms=500");
    // Their names are their keys, which chaos is drawn with: the same in every run.
    let named = |n| Charge { payment_id: uuid::Uuid::from_u128(n).into(), ..charge("pm_sandbox_chaos") };
    let charges: Vec<_> = (0..24).map(named).collect();
    let answers = futures::future::join_all(charges.iter().map(|charge| hasty.charge(charge))).await;
    let is_over = |payment: &ProviderPayment| payment.state != ProviderState::Processing;
    for (charge, answer) in charges.iter().zip(&answers) {
        match answer {
            Ok(ProviderAnswer::Taken(_)) => drop(shop.wait_for(charge.payment_id, is_over).await),
            Ok(ProviderAnswer::Refused { code, .. }) => panic!("refused: {code}"),
            Err(error) => assert!(matches!(error, Error::Unavailable(_)), "{error}"),
        }
    }
    // What was asked for and not answered may still be under way.
    let agree = async {
        loop {
            let mut captured = 0;
            for charge in &charges {
                let payment = shop.provider.payment(charge.payment_id, None).await.unwrap();
                captured += payment.map_or(0, |payment| payment.captured_minor);
            }
            let books = shop.books().await;
            let payments = books["payments"].as_array().unwrap();
            let names: HashSet<_> = payments.iter().map(|payment| payment["payment_id"].as_str()).collect();
            assert_eq!(names.len(), payments.len(), "nobody is charged twice");
            if captured > 0 && books["totals"][0]["captured"] == captured {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), agree).await.unwrap();
}
