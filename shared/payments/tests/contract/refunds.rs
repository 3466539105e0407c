use crate::harness::{Shop, charge, hold, provider, refused, serve, taken};
use axum::extract::Query;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use souk_domain::ports::PaymentProvider;
use souk_domain::{OperationId, OrderId, PaymentId, ProviderPayment, ProviderRefund, RefundState};
use std::collections::HashMap;

/// What the provider says of a refund, but for its own name.
fn refund(operation: OperationId, amount_minor: i64, state: RefundState) -> ProviderRefund {
    ProviderRefund { reference: String::new(), operation_id: Some(operation), amount_minor, state }
}

/// The refunds of a payment without the provider's names, which are there.
fn refunds(payment: &ProviderPayment) -> Vec<ProviderRefund> {
    assert!(payment.refunds.iter().all(|refund| refund.reference.starts_with("re_")));
    let without = |refund: &ProviderRefund| ProviderRefund { reference: String::new(), ..refund.clone() };
    payment.refunds.iter().map(without).collect()
}

#[tokio::test]
async fn a_payment_is_given_back_in_parts_until_nothing_is_left() {
    let shop = Shop::open().await;
    let payment = shop.pay(&charge("pm_card_visa")).await;
    let (first, second) = (OperationId::new(), OperationId::new());
    taken(shop.provider.refund(&payment.reference, 1000, first).await.unwrap());
    let too_much = shop.provider.refund(&payment.reference, 300, OperationId::new()).await.unwrap();
    assert_eq!(refused(too_much), "invalid_request_error");
    let payment = taken(shop.provider.refund(&payment.reference, 299, second).await.unwrap());
    let expected = [refund(second, 299, RefundState::Succeeded), refund(first, 1000, RefundState::Succeeded)];
    assert_eq!((payment.captured_minor, refunds(&payment).as_slice()), (1299, expected.as_slice()));
    let one_more = shop.provider.refund(&payment.reference, 1, OperationId::new()).await.unwrap();
    assert_eq!(refused(one_more), "charge_already_refunded");
    assert_eq!(shop.books().await["totals"][0]["refunded"], 1299);
}

#[tokio::test]
async fn the_same_refund_twice_gives_back_once_even_if_the_key_was_forgotten() {
    let shop = Shop::open().await;
    let payment = shop.pay(&charge("pm_card_visa")).await;
    let key = OperationId::new();
    let (one, other) = tokio::join!(
        shop.provider.refund(&payment.reference, 100, key),
        shop.provider.refund(&payment.reference, 100, key)
    );
    assert_eq!(taken(one.unwrap()), taken(other.unwrap()));
    shop.forget_keys();
    let payment = taken(shop.provider.refund(&payment.reference, 100, key).await.unwrap());
    assert_eq!(refunds(&payment), [refund(key, 100, RefundState::Succeeded)]);
    assert_eq!(shop.books().await["totals"][0]["refunded"], 100);
}

#[tokio::test]
async fn what_was_not_taken_is_not_given_back() {
    let shop = Shop::open().await;
    for charge in [hold("pm_card_visa"), charge("pm_card_chargeDeclined")] {
        let payment = shop.pay(&charge).await;
        let answer = shop.provider.refund(&payment.reference, 1, OperationId::new()).await.unwrap();
        assert_eq!(refused(answer), "payment_intent_unexpected_state");
    }
}

#[tokio::test]
async fn a_refund_may_take_a_while_and_succeed() {
    let shop = Shop::open().await;
    for method in ["pm_sandbox_refund_pending", "pm_card_pendingRefund"] {
        let charge = charge(method);
        let payment = shop.pay(&charge).await;
        let key = OperationId::new();
        let payment = taken(shop.provider.refund(&payment.reference, 1299, key).await.unwrap());
        assert_eq!(payment.refunds.len(), 1);
        shop.wait_for(charge.payment_id, |payment| refunds(payment) == [refund(key, 1299, RefundState::Succeeded)])
            .await;
    }
}

#[tokio::test]
async fn a_refund_may_fail_and_what_it_was_to_give_back_is_there_again() {
    let shop = Shop::open().await;
    let charge = charge("pm_sandbox_refund_fails");
    let payment = shop.pay(&charge).await;
    let (first, second) = (OperationId::new(), OperationId::new());
    taken(shop.provider.refund(&payment.reference, 1299, first).await.unwrap());
    let failed = refund(first, 1299, RefundState::Failed);
    let is_failed = |payment: &ProviderPayment| refunds(payment) == [failed.clone()];
    shop.wait_for(charge.payment_id, is_failed).await;
    let payment = taken(shop.provider.refund(&payment.reference, 1299, second).await.unwrap());
    assert_eq!(payment.refunds.len(), 2);
    shop.inbox.wait_for(|arrived| arrived.iter().any(|notice| notice.kind() == "refund.failed")).await;
}

#[tokio::test]
async fn every_refund_is_listed_however_many_there_are() {
    let (order_id, payment_id) = (OrderId::new(), PaymentId::new());
    let metadata = json!({"order_id": order_id.to_string(), "payment_id": payment_id.to_string()});
    let intent =
        json!({"id": "pi_1", "status": "succeeded", "amount": 500, "amount_received": 500, "metadata": metadata});
    // Three pages of a list of five, which begins where the query says.
    let list = |Query(query): Query<HashMap<String, String>>| async move {
        assert_eq!((query["payment_intent"].as_str(), query["limit"].as_str()), ("pi_1", "100"));
        let first: usize =
            query.get("starting_after").map_or(0, |last| last["re_".len()..].parse::<usize>().unwrap() + 1);
        let ids = first..5.min(first + 2);
        let refunds: Vec<Value> =
            ids.map(|n| json!({"id": format!("re_{n}"), "amount": n, "status": "pending"})).collect();
        Json(json!({"data": refunds, "has_more": first + 2 < 5}))
    };
    let router = Router::new()
        .route("/v1/payment_intents/{id}", get(|| async move { Json(intent) }))
        .route("/v1/refunds", get(list));
    let (address, _server) = serve(router).await;
    let payment = provider(&address, "").payment(payment_id, Some("pi_1")).await.unwrap().unwrap();
    assert_eq!(payment.refunds.iter().map(|refund| refund.amount_minor).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert!(payment.refunds.iter().all(|refund| refund.operation_id.is_none() && refund.state == RefundState::Pending));
}
