//! How orders come to their money, and give it back. The provider is the sandbox, over HTTP, with the very adapter that talks to Stripe.

use crate::harness::{Browser, Shop, eventually, send, steps, times};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// A shop that soon notices what a provider does not tell.
async fn hasty() -> Shop {
    Shop::open_with(&["--sandbox-timeout-ms", "400", "--settle-after-ms", "200"]).await
}

/// The sum of a field on the sandbox's books.
fn sum(books: &[Value], field: &str) -> i64 {
    books.iter().map(|payment| payment[field].as_i64().unwrap()).sum()
}

#[tokio::test]
async fn an_order_is_paid_once_whoever_tells_of_it_and_how_often() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("PAID", 1250, 10).await;
    let order = customer.ordered(&product, 2).await;
    let placed = customer.see(&order).await;
    assert_eq!((&placed["status"], times(&placed, "placed")), (&json!("pending_payment"), 1));
    assert!(placed["paymentDueAt"].is_string() && placed["number"].as_str().unwrap().starts_with("S-20"));

    let paid = customer.pay(&order, "pm_sandbox_webhook_twice").await;
    assert_eq!(
        (paid.expect(200)["status"].as_str(), paid.data["totals"]["paid"]["amountMinor"].as_i64()),
        (Some("paid"), Some(2500))
    );
    let again = customer.pay(&order, "pm_card_visa").await;
    assert_eq!((again.expect(200)["payments"].as_array().unwrap().len(), &again.data["status"]), (1, &json!("paid")));
    let other = shop.customer().await;
    assert_eq!(other.pay(&order, "pm_card_visa").await.failure(), (404, "not_found"));

    // Time for both notices; should they come later, this test sees less than it could.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let told = customer.see(&order).await;
    assert_eq!((times(&told, "payment_captured"), told["version"].as_i64()), (1, again.data["version"].as_i64()));
    let books = shop.books_of(&order).await;
    assert_eq!((books.len(), sum(&books, "captured"), sum(&books, "refunded")), (1, 2500, 0));
}

#[tokio::test]
async fn two_tabs_that_pay_the_same_order_charge_once() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("TABS", 1000, 10).await;
    for method in ["pm_card_visa", "pm_sandbox_webhook_never"] {
        let order = customer.ordered(&product, 1).await;
        let answers = join_all((0..8).map(|_| customer.pay(&order, method))).await;
        let paid = answers.iter().filter(|answer| answer.status == 200).count();
        assert!(paid >= 1);
        for loser in answers.iter().filter(|answer| answer.status != 200) {
            assert!(loser.status == 202 || loser.failure() == (409, "payment_in_progress"), "{loser:?}");
        }
        let books = shop.books_of(&order).await;
        assert_eq!((books.len(), sum(&books, "captured")), (1, 1000));
        assert_eq!(times(&customer.see(&order).await, "payment_captured"), 1);
    }
}

#[tokio::test]
async fn one_key_pays_once_and_is_answered_with_how_the_order_is() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("KEY", 1000, 10).await;
    let order = customer.ordered(&product, 1).await;
    let path = format!("/api/v1/orders/{order}/payments");
    let body = json!({ "paymentMethod": "pm_card_visa" });
    let answers = join_all((0..6).map(|_| customer.post_once(&path, "pay", body.clone()))).await;
    assert!(answers.iter().any(|answer| answer.status == 200));
    assert!(answers.iter().all(|answer| [200, 202].contains(&answer.status)));
    let again = customer.post_once(&path, "pay", body).await;
    assert_eq!(
        (again.expect(200)["status"].as_str(), again.header("idempotent-replayed")),
        (Some("paid"), Some("true"))
    );
    assert_eq!(shop.books_of(&order).await.len(), 1);
    let changed = customer.post_once(&path, "pay", json!({ "paymentMethod": "pm_card_mastercard" })).await;
    assert_eq!(changed.failure(), (422, "idempotency_key_reused"));
}

#[tokio::test]
async fn a_declined_payment_says_why_and_another_way_to_pay_may_be_tried() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("DECLINED", 1000, 10).await;
    let order = customer.ordered(&product, 1).await;
    for (method, reason) in [
        ("pm_card_chargeDeclined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_unheard_of", "resource_missing"),
    ] {
        let declined = customer.pay(&order, method).await;
        assert_eq!(declined.failure(), (402, "payment_declined"));
        assert_eq!(declined.errors[0]["details"]["reason"], reason);
    }
    for bad in ["4242424242424242", "", "with space"] {
        assert_eq!(customer.pay(&order, bad).await.failure(), (422, "invalid_payment_method"));
    }
    assert_eq!(customer.see(&order).await["status"], "pending_payment");
    customer.pay(&order, "pm_card_visa").await.expect(200);
    assert_eq!(sum(&shop.books_of(&order).await, "captured"), 1000);
}

#[tokio::test]
async fn a_challenge_is_passed_failed_or_given_up() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("CHALLENGE", 1000, 10).await;
    let order = customer.ordered(&product, 1).await;
    let challenged = async || {
        let asked = customer.pay(&order, "pm_card_authenticationRequired").await;
        let payment = asked.expect(202)["payments"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(payment["status"], "action_required");
        payment
    };
    let failed = challenged().await;
    let back = shop.answer_challenge(failed["actionUrl"].as_str().unwrap(), "fail").await;
    assert!(back.contains(&order) && back.contains("redirect_status=failed"), "{back}");
    assert!(reqwest::get(&back).await.unwrap().text().await.unwrap().contains("did not go through"));
    customer.sees(&order, "the notice", |order| order["payments"][0]["status"] == "failed").await;

    let given_up = challenged().await;
    assert_eq!(customer.pay(&order, "pm_card_visa").await.failure(), (409, "payment_in_progress"));
    let void = format!("payments/{}/void", given_up["id"].as_str().unwrap());
    assert_eq!(customer.act(&order, &void, json!({})).await.expect(200)["payments"][1]["status"], "voided");
    customer.act(&order, &void, json!({})).await.expect(200);

    let passed = challenged().await;
    shop.answer_challenge(passed["actionUrl"].as_str().unwrap(), "complete").await;
    customer.sees(&order, "the notice", |order| order["status"] == "paid").await;
    let books = shop.books_of(&order).await;
    assert_eq!((books.len(), sum(&books, "captured")), (3, 1000));
}

#[tokio::test]
async fn a_buyer_who_comes_back_from_a_challenge_is_answered_without_a_notice() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("BACK", 1000, 10).await;
    let order = customer.ordered(&product, 1).await;
    let asked = customer.pay(&order, "pm_sandbox_challenge_webhook_never").await;
    let url = asked.expect(202)["payments"][0]["actionUrl"].as_str().unwrap();
    assert_eq!(customer.pay(&order, "pm_card_visa").await.failure(), (409, "payment_in_progress"));
    shop.answer_challenge(url, "complete").await;
    assert_eq!(customer.see(&order).await["status"], "pending_payment");
    let back = customer.pay(&order, "pm_card_visa").await;
    assert_eq!((&back.expect(200)["status"], shop.books_of(&order).await.len()), (&json!("paid"), 1));
}

#[tokio::test]
async fn a_repetition_pays_with_what_it_began_and_no_order_that_is_over() {
    let shop = Shop::open_with(&["--sandbox-timeout-ms", "300", "--settle-after-ms", "60000"]).await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("REPEATS", 1000, 10).await;
    let order = customer.ordered(&product, 1).await;
    let path = format!("/api/v1/orders/{order}/payments");
    let pay = async |key: &str, method: &str| customer.post_once(&path, key, json!({ "paymentMethod": method })).await;
    assert_eq!(pay("a", "pm_card_chargeDeclined").await.failure(), (402, "payment_declined"));
    pay("b", "pm_sandbox_timeout_before_charge").await.expect(202);
    // The first one again does not drive the second one's payment.
    assert_eq!(pay("a", "pm_card_chargeDeclined").await.failure(), (402, "payment_declined"));
    assert_eq!(customer.see(&order).await["payments"][1]["status"], "started");
    customer.act(&order, "cancel", json!({})).await.expect(200);
    assert_eq!(pay("b", "pm_sandbox_timeout_before_charge").await.failure(), (409, "order_status"));
    assert_eq!(sum(&shop.books_of(&order).await, "captured"), 0);
}

#[tokio::test]
async fn a_notice_that_names_one_order_and_the_payment_of_another_changes_neither() {
    let shop = Shop::open_with(&["--capture", "manual"]).await;
    let (manager, customer, other) = (shop.manager().await, shop.customer().await, shop.customer().await);
    let product = manager.product("MIXED", 1000, 10).await;
    let (mine, theirs) = (customer.ordered(&product, 1).await, other.ordered(&product, 1).await);
    customer.pay(&mine, "pm_sandbox_webhook_never").await.expect(200);
    other.pay(&theirs, "pm_sandbox_webhook_never").await.expect(200);
    let (mine_now, theirs_now) = (customer.see(&mine).await, other.see(&theirs).await);
    let notice = json!({ "id": "evt_1", "type": "payment_intent.succeeded", "data": { "object": {
        "id": theirs_now["payments"][0]["reference"], "object": "payment_intent",
        "metadata": { "order_id": mine, "payment_id": mine_now["payments"][0]["id"] } } } })
    .to_string();
    let secret = secrecy::SecretString::from(shop.sandbox_keys().1);
    let signature = souk_sandbox::signature(&secret, souk_domain::now().timestamp(), &notice);
    let request = shop.request(reqwest::Method::POST, "/api/v1/payment-notices").header("Stripe-Signature", signature);
    assert_eq!(crate::harness::send(request.body(notice)).await.status, 200);
    assert_eq!((customer.see(&mine).await, other.see(&theirs).await), (mine_now, theirs_now));
}

#[tokio::test]
async fn an_order_whose_payment_is_disputed_waits_for_a_person_before_anything_is_sent() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("DISPUTED", 1000, 10).await;
    let order = customer.ordered(&product, 1).await;
    customer.pay(&order, "pm_card_createDispute").await.expect(200);
    let held = manager.sees(&order, "the dispute", |order| order["status"] == "under_review").await;
    assert_eq!(held["payments"][0]["isDisputed"], true);
    assert_eq!(held["review"], "the buyer disputes the payment at their bank");
    let parcel = json!({ "carrier": "Post", "trackingNumber": "1" });
    assert_eq!(manager.act(&order, "shipments", parcel.clone()).await.failure(), (409, "order_status"));
    let answered = json!({ "reason": "the bank was answered" });
    assert_eq!(manager.act(&order, "review/settle", answered).await.expect(200)["status"], "paid");
    assert_eq!(manager.act(&order, "shipments", parcel).await.expect(200)["status"], "shipped");
}

#[tokio::test]
async fn an_answer_that_is_lost_is_asked_for() {
    let shop = hasty().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("LOST", 1000, 10).await;
    let charged = customer.ordered(&product, 1).await;
    assert_eq!(
        customer.pay(&charged, "pm_sandbox_timeout_after_charge").await.expect(202)["status"],
        "pending_payment"
    );
    customer.sees(&charged, "the charge", |order| order["status"] == "paid").await;
    assert_eq!(sum(&shop.books_of(&charged).await, "captured"), 1000);

    let lost = customer.ordered(&product, 1).await;
    customer.pay(&lost, "pm_sandbox_timeout_before_charge").await.expect(202);
    let given_up =
        customer.sees(&lost, "the end of patience", |order| order["payments"][0]["status"] == "failed").await;
    assert_eq!(given_up["payments"][0]["failure"], "never_reached_provider");
    customer.pay(&lost, "pm_sandbox_processing").await.expect(202);
    customer.sees(&lost, "the second payment", |order| order["status"] == "paid").await;
    assert_eq!(sum(&shop.books_of(&lost).await, "captured"), 1000);
}

#[tokio::test]
async fn a_kill_between_wish_and_answer_loses_no_money() {
    let mut shop = Shop::open_with(&["--sandbox-timeout-ms", "2000", "--settle-after-ms", "200"]).await;
    let product = shop.manager().await.product("KILLED", 1000, 10).await;
    let customer = shop.customer().await;
    let (order, token) = (customer.ordered(&product, 1).await, customer.token.clone());
    let request = customer.request(reqwest::Method::POST, &format!("/api/v1/orders/{order}/payments"));
    let paying = tokio::spawn(request.json(&json!({ "paymentMethod": "pm_sandbox_timeout_after_charge" })).send());
    eventually("the charge is on the books", async || shop.books_of(&order).await.len() == 1).await;
    shop.kill();
    assert!(paying.await.unwrap().is_err());
    shop.start_again();
    let path = format!("/api/v1/orders/{order}");
    eventually("the order is paid", async || {
        let request = shop.request(reqwest::Method::GET, &path).bearer_auth(&token);
        crate::harness::send(request).await.expect(200)["status"] == "paid"
    })
    .await;
    assert_eq!(sum(&shop.books_of(&order).await, "captured"), 1000);
}

/// What somebody does at the provider with the shop's key, past the shop.
async fn at_the_provider(shop: &Shop, path: &str, form: &[(&str, &str)]) -> Value {
    let encoded = form.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let request = reqwest::Client::new().post(format!("{}{path}", shop.sandbox_url())).bearer_auth(shop.sandbox_key());
    let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(encoded);
    request.send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn money_that_comes_after_an_order_expired_goes_back_at_once() {
    let shop =
        Shop::open_with(&["--payment-window", "1", "--sandbox-timeout-ms", "400", "--settle-after-ms", "100"]).await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("LATE", 1000, 1).await;
    let order = customer.ordered(&product, 1).await;
    customer.pay(&order, "pm_sandbox_timeout_before_charge").await.expect(202);
    let expired = customer.sees(&order, "the expiry", |order| order["status"] == "expired").await;
    let payment = expired["payments"][0]["id"].as_str().unwrap().to_owned();
    // Its stock is sold to somebody else meanwhile.
    let second = customer.ordered(&product, 1).await;
    customer.pay(&second, "pm_card_visa").await.expect(200);

    // The request that was stuck somewhere arrives after all.
    let (order_id, payment_id) = (order.as_str(), payment.as_str());
    let form = [
        ("amount", "1000"),
        ("currency", "gbp"),
        ("payment_method", "pm_card_visa"),
        ("confirm", "true"),
        ("capture_method", "automatic"),
        ("payment_method_types[]", "card"),
        ("return_url", "http://127.0.0.1/"),
        ("metadata[order_id]", order_id),
        ("metadata[payment_id]", payment_id),
    ];
    let charged = at_the_provider(&shop, "/v1/payment_intents", &form).await;
    assert_eq!(charged["status"], "succeeded", "{charged}");
    let refunded = |order: &Value| order["payments"][0]["refunded"]["amountMinor"] == 1000;
    let late = customer.sees(&order, "the refund", refunded).await;
    assert_eq!((&late["status"], times(&late, "refunded")), (&json!("expired"), 1));
    let books = shop.books_of(&order).await;
    assert_eq!((sum(&books, "captured"), sum(&books, "refunded")), (1000, 1000));
    assert_eq!(customer.see(&second).await["status"], "paid");
    let number = expired["number"].as_str().unwrap();
    let mail = shop.mail(&customer.email, &format!("Your money of order {number} is on its way back")).await;
    assert!(mail["text"].as_str().unwrap().contains("we gave back GBP 10.00 of the GBP 10.00 that you paid"), "{mail}");
}

#[tokio::test]
async fn an_order_that_nobody_pays_expires_and_a_challenge_is_given_up_with_it() {
    let shop = Shop::open_with(&["--payment-window", "1", "--settle-after-ms", "100"]).await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("EXPIRES", 1000, 3).await;
    let (unpaid, challenged) = (customer.ordered(&product, 1).await, customer.ordered(&product, 2).await);
    customer.pay(&challenged, "pm_card_authenticationRequired").await.expect(202);
    let is_expired = |order: &Value| order["status"] == "expired";
    customer.sees(&unpaid, "the expiry", is_expired).await;
    customer
        .sees(&challenged, "the void", |order| is_expired(order) && order["payments"][0]["status"] == "voided")
        .await;
    assert_eq!(shop.books_of(&challenged).await[0]["state"], "canceled");
    assert_eq!(customer.pay(&unpaid, "pm_card_visa").await.failure(), (409, "order_status"));
    assert_eq!(shop.get(&format!("/api/v1/products/{product}/stock")).await.expect(200)["available"], 3);
    customer.ordered(&product, 3).await;
}

#[tokio::test]
async fn money_is_held_first_and_moves_later_or_is_let_go() {
    let shop = Shop::open_with(&["--capture", "manual"]).await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("HELD", 1000, 10).await;
    let held = async || {
        let order = customer.ordered(&product, 1).await;
        assert_eq!(customer.pay(&order, "pm_card_visa").await.expect(200)["payments"][0]["status"], "authorised");
        order
    };
    let parcel = json!({ "carrier": "Royal Mail", "trackingNumber": "JD1" });
    let order = held().await;
    assert_eq!(sum(&shop.books_of(&order).await, "held"), 1000);
    assert_eq!(manager.act(&order, "shipments", parcel.clone()).await.failure(), (409, "payment_not_captured"));
    let captures = join_all((0..4).map(|_| manager.act(&order, "capture", json!({})))).await;
    assert!(captures.iter().all(|answer| answer.status == 200));
    let moved = customer.sees(&order, "the capture", |order| order["payments"][0]["status"] == "captured").await;
    assert_eq!((times(&moved, "payment_captured"), times(&moved, "capture_requested")), (1, 1));
    manager.act(&order, "shipments", parcel).await.expect(200);

    let order = held().await;
    assert_eq!(manager.act(&order, "cancel", json!({})).await.expect(200)["payments"][0]["status"], "voided");
    let books = shop.books_of(&order).await;
    assert_eq!((sum(&books, "held"), sum(&books, "captured")), (0, 0));

    let order = held().await;
    let payment = customer.see(&order).await["payments"][0]["id"].as_str().unwrap().to_owned();
    let void = format!("payments/{payment}/void");
    assert_eq!(customer.act(&order, &void, json!({})).await.failure(), (409, "order_status"));
    assert_eq!(manager.act(&order, &void, json!({})).await.expect(200)["status"], "pending_payment");
    customer.pay(&order, "pm_card_visa").await.expect(200);
}

#[tokio::test]
async fn an_order_whose_capture_fails_waits_and_then_loses_its_stock_to_others() {
    let shop = Shop::open_with(&["--settle-after-ms", "100", "--capture", "manual"]).await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("FAILS", 1000, 1).await;
    let order = customer.ordered(&product, 1).await;
    customer.pay(&order, "pm_sandbox_capture_declined").await.expect(200);
    let failed = manager.act(&order, "capture", json!({})).await;
    assert_eq!(
        (&failed.expect(200)["status"], &failed.data["payments"][0]["status"]),
        (&json!("pending_payment"), &json!("failed"))
    );
    assert!(failed.data["paymentDueAt"].is_string());
    // The stock is its own until it is over.
    assert_eq!(customer.order(&[(&product, 1)]).await.failure(), (409, "insufficient_stock"));
    customer.act(&order, "cancel", json!({})).await.expect(200);
    let second = customer.ordered(&product, 1).await;
    customer.pay(&second, "pm_card_visa").await.expect(200);
    assert_eq!(sum(&shop.books_of(&order).await, "captured"), 0);
}

#[tokio::test]
async fn a_cancelled_order_gives_money_and_stock_back_once() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("MONEYBACK", 1000, 5).await;
    let order = customer.ordered(&product, 2).await;
    customer.pay(&order, "pm_card_visa").await.expect(200);
    let cancels = join_all((0..6).map(|_| customer.act(&order, "cancel", json!({})))).await;
    assert!(cancels.iter().all(|answer| answer.expect(200)["status"] == "cancelled"));
    let after = customer.sees(&order, "the refund", |order| order["totals"]["refunded"]["amountMinor"] == 2000).await;
    assert_eq!((times(&after, "cancelled"), times(&after, "refund_requested"), times(&after, "refunded")), (1, 1, 1));
    assert_eq!(sum(&shop.books_of(&order).await, "refunded"), 2000);
    assert_eq!(shop.get(&format!("/api/v1/products/{product}/stock")).await.expect(200)["available"], 5);
}

#[tokio::test]
async fn refunds_are_of_pieces_of_amounts_or_of_all_and_never_more_than_was_paid() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("REFUNDS", 333, 10).await;
    let order = customer.ordered(&product, 4).await;
    let path = format!("/api/v1/orders/{order}/refunds");
    let refund =
        async |key: &str, of: Value| manager.post_once(&path, key, json!({ "refund": of, "reason": "test" })).await;
    assert_eq!(refund("early", json!({ "of": "all" })).await.failure(), (409, "order_status"));
    customer.pay(&order, "pm_card_visa").await.expect(200);
    let without = manager.post(&path, json!({ "refund": { "of": "all" }, "reason": "test" })).await;
    assert_eq!(without.failure(), (400, "idempotency_key_required"));
    let pieces = json!({ "of": "lines", "lines": [{ "productId": product, "quantity": 1 }] });
    for _ in 0..3 {
        let one = refund("one", pieces.clone()).await;
        assert_eq!(
            (&one.expect(200)["status"], &one.data["totals"]["refunded"]["amountMinor"]),
            (&json!("partially_refunded"), &json!(333))
        );
    }
    let amount = |minor: i64| json!({ "of": "amount", "amount": { "amountMinor": minor, "currency": "GBP" } });
    assert_eq!(refund("much", amount(1000)).await.failure(), (409, "refund_too_large"));
    assert_eq!(refund("nothing", amount(0)).await.failure(), (409, "refund_too_large"));
    let euro = json!({ "of": "amount", "amount": { "amountMinor": 1, "currency": "EUR" } });
    assert_eq!(refund("euro", euro).await.failure(), (422, "invalid_currency"));
    refund("some", amount(9)).await.expect(200);
    assert_eq!(
        refund("four", json!({ "of": "lines", "lines": [{ "productId": product, "quantity": 4 }] })).await.failure(),
        (409, "not_in_order")
    );
    // Those who ask for all that is left at once get it once.
    let all = join_all((0..5).map(|n| {
        manager.post_once(&path, ["a", "b", "c", "d", "e"][n], json!({ "refund": { "of": "all" }, "reason": "test" }))
    }))
    .await;
    assert!(all.iter().all(|answer| answer.status == 200));
    let after = customer.sees(&order, "the refund", |order| order["status"] == "refunded").await;
    assert_eq!(after["totals"]["refunded"]["amountMinor"], 1332);
    let books = shop.books_of(&order).await;
    assert_eq!(
        (sum(&books, "captured"), sum(&books, "refunded"), books[0]["refunds"].as_array().unwrap().len()),
        (1332, 1332, 3)
    );
    // What was taken off the order is for sale again.
    assert_eq!(shop.get(&format!("/api/v1/products/{product}/stock")).await.expect(200)["available"], 10);
}

#[tokio::test]
async fn a_refund_that_takes_long_is_waited_for_and_one_that_fails_wants_a_person() {
    let shop = hasty().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("SLOWLY", 1000, 10).await;
    let refunded = async |method: &str| {
        let order = customer.ordered(&product, 1).await;
        customer.pay(&order, method).await.expect(200);
        let path = format!("/api/v1/orders/{order}/refunds");
        let body = json!({ "refund": { "of": "all" }, "reason": "test" });
        let asked = manager.post_once(&path, method, body).await;
        assert_eq!(asked.expect(200)["payments"][0]["operations"][0]["status"], "pending");
        order
    };
    let slow = refunded("pm_sandbox_refund_pending").await;
    customer.sees(&slow, "the refund", |order| order["status"] == "refunded").await;
    let failing = refunded("pm_sandbox_refund_fails").await;
    let failed = customer.sees(&failing, "the failure", |order| order["status"] == "under_review").await;
    assert_eq!((times(&failed, "refund_failed"), &failed["totals"]["refunded"]["amountMinor"]), (1, &json!(0)));
    let review = json!({ "reason": "sent a cheque" });
    assert_eq!(customer.act(&failing, "review/settle", review.clone()).await.failure(), (403, "forbidden"));
    assert_eq!(manager.act(&failing, "review/settle", review).await.expect(200)["status"], "paid");
}

#[tokio::test]
async fn a_hold_that_lapsed_unnoticed_sends_the_buyer_back_to_pay_and_wants_no_person() {
    let shop = Shop::open_with(&["--capture", "manual"]).await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("LAPSED", 1000, 10).await;
    let order = customer.ordered(&product, 1).await;
    let held = customer.pay(&order, "pm_sandbox_webhook_never").await;
    let reference = held.expect(200)["payments"][0]["reference"].as_str().unwrap();
    at_the_provider(&shop, &format!("/v1/payment_intents/{reference}/cancel"), &[]).await;
    let after = manager.act(&order, "capture", json!({})).await;
    assert_eq!((&after.expect(200)["status"], times(&after.data, "review_requested")), (&json!("pending_payment"), 0));
    customer.pay(&order, "pm_card_visa").await.expect(200);
}

#[tokio::test]
async fn a_refund_under_way_does_not_hold_up_the_next() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("NEXT", 1000, 10).await;
    let order = customer.ordered(&product, 3).await;
    customer.pay(&order, "pm_sandbox_refund_pending").await.expect(200);
    let one =
        json!({ "refund": { "of": "lines", "lines": [{ "productId": product, "quantity": 1 }] }, "reason": "test" });
    manager.post_once(&format!("/api/v1/orders/{order}/refunds"), "one", one).await.expect(200);
    customer.act(&order, "cancel", json!({})).await.expect(200);
    let amounts: Vec<_> = shop.books_of(&order).await[0]["refunds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|refund| refund["amount"].as_i64().unwrap())
        .collect();
    assert_eq!(amounts, [1000, 2000]);
}

#[tokio::test]
async fn money_given_back_at_the_provider_is_seen_by_the_shop() {
    let shop = hasty().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("PAST", 1000, 10).await;
    let order = customer.ordered(&product, 1).await;
    let paid = customer.pay(&order, "pm_card_visa").await;
    let (reference, id) =
        (paid.expect(200)["payments"][0]["reference"].as_str().unwrap(), &paid.data["payments"][0]["id"]);
    let form = [
        ("payment_intent", reference),
        ("amount", "400"),
        ("metadata[order_id]", &order),
        ("metadata[payment_id]", id.as_str().unwrap()),
    ];
    at_the_provider(&shop, "/v1/refunds", &form).await;
    let seen = customer.sees(&order, "the refund", |order| order["status"] == "under_review").await;
    assert_eq!(seen["totals"]["refunded"]["amountMinor"], 400);
}

#[tokio::test]
async fn notices_that_the_provider_did_not_write_are_refused() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("FORGED", 1000, 10).await;
    let order = customer.ordered(&product, 1).await;
    let now = souk_domain::now().timestamp();
    let notice = json!({ "id": "evt_1", "type": "payment_intent.succeeded", "data": { "object": {
        "id": "pi_1", "object": "payment_intent", "metadata": { "order_id": order, "payment_id": order } } } })
    .to_string();
    let send = async |signature: Option<String>, body: &str| {
        let mut request = shop.request(reqwest::Method::POST, "/api/v1/payment-notices").body(body.to_owned());
        if let Some(signature) = signature {
            request = request.header("Stripe-Signature", signature);
        }
        crate::harness::send(request).await
    };
    let secret = secrecy::SecretString::from(shop.sandbox_keys().1);
    let sign = |seconds: i64, body: &str| souk_sandbox::signature(&secret, seconds, body);
    for signature in [
        None,
        Some(String::new()),
        Some("t=1,v1=00".to_owned()),
        Some(format!("t={now},v1={}", "0".repeat(64))),
        Some(sign(now - 600, &notice)),
        Some(sign(now + 600, &notice)),
        Some(sign(now, "{}")),
    ] {
        assert_eq!(send(signature, &notice).await.failure(), (400, "invalid_signature"));
    }
    // Written by the provider, and about nothing of the shop's.
    send(Some(sign(now, &notice)), &notice).await.expect(200);
    send(
        Some(sign(now, r#"{"id":"evt_2","type":"customer.created","data":{"object":{"id":"cus_1"}}}"#)),
        r#"{"id":"evt_2","type":"customer.created","data":{"object":{"id":"cus_1"}}}"#,
    )
    .await
    .expect(200);
    assert_eq!(customer.see(&order).await["status"], "pending_payment");
}

#[tokio::test]
async fn buyer_and_staff_hear_of_every_step() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("HEARD", 1000, 10).await;
    let order = customer.ordered(&product, 1).await;
    let mut buyer = Browser::logged_in(&shop, &customer.token).await;
    buyer.subscribe(&format!("order/{order}")).await;
    let mut staff = Browser::logged_in(&shop, &manager.token).await;
    staff.subscribe("admin").await;
    customer.pay(&order, "pm_card_visa").await.expect(200);
    manager.act(&order, "shipments", json!({ "carrier": "Post", "trackingNumber": "1" })).await.expect(200);
    manager.act(&order, "deliveries", json!({})).await.expect(200);
    for browser in [&mut buyer, &mut staff] {
        let mut last = 0;
        for status in ["paid", "shipped", "delivered"] {
            let told =
                browser.hear_until(|m| m["data"]["orderId"] == order.as_str() && m["data"]["status"] == status).await;
            assert_eq!(told["type"], "OrderStatusChanged");
            assert!(told["version"].as_i64().unwrap() > last);
            last = told["version"].as_i64().unwrap();
        }
    }
    assert_eq!(
        steps(&customer.see(&order).await),
        ["placed", "payment_started", "payment_captured", "shipped", "delivered"]
    );
}

#[tokio::test]
async fn a_notice_that_is_too_large_is_refused_in_the_form_of_every_failure() {
    let shop = Shop::open().await;
    let request = shop.request(Method::POST, "/api/v1/payment-notices").header("Stripe-Signature", "t=1,v1=00");
    let large = send(request.body("x".repeat((1 << 20) + 1))).await;
    assert_eq!(large.failure(), (413, "body_too_large"));
}
