//! A connection is trusted no longer than the session and the token that opened it.

use crate::harness::{Browser, PASSWORD, Person, Shop, Signer};
use crate::sessions::shop_behind_proxy;
use crate::signalr::Hub;
use serde_json::{Value, json};
use souk_domain::SessionId;
use std::time::Duration;

/// How long a test waits for what must not come, after others have heard it.
const SILENCE: Duration = Duration::from_millis(300);
/// Long enough to connect and subscribe on a busy machine, in seconds.
const SHORT: i64 = 5;

/// A token of a person for a short time, and when it is over.
fn short_token(shop: &Shop, id: &str, role: &str) -> (String, tokio::time::Instant) {
    let now = souk_domain::now().timestamp();
    let claims =
        json!({ "iss": "souk", "sub": id, "sid": SessionId::new(), "role": role, "iat": now, "exp": now + SHORT });
    let over = tokio::time::Instant::now() + Duration::from_secs(SHORT.unsigned_abs());
    (Signer::of(shop).sign(claims), over)
}

async fn subscription(browser: &mut Browser, topic: &str) -> String {
    let answer = browser.ask(json!({ "action": "subscribe", "topic": topic })).await;
    match answer["type"].as_str().unwrap() {
        "Error" => answer["errors"][0]["code"].as_str().unwrap().to_owned(),
        kind => kind.to_owned(),
    }
}

async fn authentication(browser: &mut Browser, token: &str) -> Value {
    browser.ask(json!({ "action": "authenticate", "token": token })).await
}

fn is_order(message: &Value) -> bool {
    message["type"] == "OrderStatusChanged"
}

async fn placed_order(customer: &Person<'_>, product: &str) -> String {
    customer.order(&[(product, 1)]).await.expect(201)["id"].as_str().unwrap().to_owned()
}

async fn cancel(staff: &Person<'_>, order: &str) {
    staff.post(&format!("/api/v1/orders/{order}/cancel"), json!({})).await.expect(200);
}

#[tokio::test]
async fn who_logs_out_hears_nothing_private_any_more_and_goes_on_with_what_is_public() {
    let shop = Shop::open().await;
    let (manager, ada) = (shop.manager().await, shop.customer().await);
    let product = manager.product("BYE", 100, 10).await;
    let order = placed_order(&ada, &product).await;
    let (own, stock) = (format!("customer/{}", ada.id), format!("product/{product}"));
    let (mut plain, mut hub) = (Browser::logged_in(&shop, &ada.token).await, Hub::logged_in(&shop, &ada.token).await);
    let mut staff = Browser::logged_in(&shop, &manager.token).await;
    for topic in [&own, &stock, &format!("order/{order}")] {
        plain.subscribe(topic).await;
        hub.subscribe(topic).await;
    }
    staff.subscribe(&own).await;

    ada.delete("/api/v1/sessions/current").await.expect(200);
    cancel(&manager, &order).await;
    staff.hear_until(|message| message["data"]["status"] == "cancelled").await;
    assert!(plain.hears_none_for(SILENCE, is_order).await);
    assert_eq!(subscription(&mut plain, &own).await, "session_ended");
    let refused = hub.invoke("Subscribe", json!([own])).await;
    assert!(refused["error"].as_str().unwrap().starts_with("session_ended: "), "{refused}");

    manager.restock(&product, 5).await;
    let is_restocked = |message: &Value| message["data"]["onHand"] == 15;
    plain.hear_until(is_restocked).await;
    let mut calls = hub.calls_until("InventoryUpdated", is_restocked).await;
    calls.retain(is_order);
    assert_eq!(calls, [] as [Value; 0]);
    assert_eq!(subscription(&mut plain, "catalog").await, "Subscribed");
}

#[tokio::test]
async fn who_logs_out_everywhere_hears_nothing_private_anywhere() {
    let shop = Shop::open().await;
    let (manager, ada) = (shop.manager().await, shop.customer().await);
    let product = manager.product("OUT", 100, 10).await;
    let own = format!("customer/{}", ada.id);
    let other = shop.log_in(&ada.email, PASSWORD).await;
    let (mut here, mut there) =
        (Browser::logged_in(&shop, &ada.token).await, Browser::logged_in(&shop, &other.token).await);
    let mut staff = Browser::logged_in(&shop, &manager.token).await;
    for browser in [&mut here, &mut there, &mut staff] {
        browser.subscribe(&own).await;
    }
    let order = placed_order(&ada, &product).await;
    for browser in [&mut here, &mut there, &mut staff] {
        browser.hear_of("OrderStatusChanged").await;
    }

    ada.delete("/api/v1/sessions").await.expect(200);
    cancel(&manager, &order).await;
    staff.hear_of("OrderStatusChanged").await;
    for browser in [&mut here, &mut there] {
        assert!(browser.hears_none_for(SILENCE, is_order).await);
        assert_eq!(subscription(browser, &own).await, "session_ended");
    }
}

#[tokio::test]
async fn a_manager_who_is_disabled_hears_nothing_of_the_shop() {
    let shop = Shop::open().await;
    let (admin, manager, ada) = (shop.admin().await, shop.manager().await, shop.customer().await);
    let product = manager.product("SHUT", 100, 10).await;
    let (mut stays, mut goes) =
        (Browser::logged_in(&shop, &admin.token).await, Browser::logged_in(&shop, &manager.token).await);
    for browser in [&mut stays, &mut goes] {
        browser.subscribe("admin").await;
    }
    let order = placed_order(&ada, &product).await;
    for browser in [&mut stays, &mut goes] {
        browser.hear_of("OrderStatusChanged").await;
    }

    admin.post(&format!("/api/v1/customers/{}/disable", manager.id), json!({})).await.expect(200);
    cancel(&ada, &order).await;
    stays.hear_of("OrderStatusChanged").await;
    assert!(goes.hears_none_for(SILENCE, is_order).await);
    for topic in ["admin", &format!("customer/{}", ada.id), &format!("order/{order}")] {
        assert_eq!(subscription(&mut goes, topic).await, "session_ended");
    }
}

#[tokio::test]
async fn what_is_private_ends_with_the_token_until_another_one_is_shown() {
    let shop = Shop::open().await;
    let (manager, ada) = (shop.manager().await, shop.customer().await);
    let product = manager.product("SHORT", 100, 10).await;
    let (own, stock) = (format!("customer/{}", ada.id), format!("product/{product}"));
    let (token, over) = short_token(&shop, &ada.id, "customer");
    let (mut browser, mut staff) =
        (Browser::logged_in(&shop, &token).await, Browser::logged_in(&shop, &manager.token).await);
    browser.subscribe(&own).await;
    browser.subscribe(&stock).await;
    staff.subscribe(&own).await;
    tokio::time::sleep_until(over + Duration::from_secs(1)).await;

    placed_order(&ada, &product).await;
    staff.hear_of("OrderStatusChanged").await;
    assert!(browser.hears_none_for(SILENCE, is_order).await);
    assert_eq!(subscription(&mut browser, &own).await, "invalid_token");
    manager.restock(&product, 5).await;
    browser.hear_until(|message| message["data"]["onHand"] == 15).await;

    let answer = authentication(&mut browser, &ada.token).await;
    assert_eq!(answer["type"], "Authenticated");
    let until: souk_domain::DateTime = answer["expiresAt"].as_str().unwrap().parse().unwrap();
    assert!(until > souk_domain::now());
    assert_eq!(subscription(&mut browser, &own).await, "Subscribed");
    placed_order(&ada, &product).await;
    browser.hear_of("OrderStatusChanged").await;
}

#[tokio::test]
async fn a_newer_token_carries_private_subscriptions_on() {
    let shop = Shop::open().await;
    let (manager, ada) = (shop.manager().await, shop.customer().await);
    let product = manager.product("LONG", 100, 10).await;
    let own = format!("customer/{}", ada.id);
    let (token, over) = short_token(&shop, &ada.id, "customer");
    let (mut plain, mut hub) = (Browser::logged_in(&shop, &token).await, Hub::logged_in(&shop, &token).await);
    plain.subscribe(&own).await;
    hub.subscribe(&own).await;
    assert_eq!(authentication(&mut plain, &ada.token).await["type"], "Authenticated");
    let answer = hub.invoke("Authenticate", json!([ada.token])).await;
    assert!(answer["result"].as_str().is_some_and(|until| until.parse::<souk_domain::DateTime>().is_ok()), "{answer}");
    tokio::time::sleep_until(over + Duration::from_secs(1)).await;

    placed_order(&ada, &product).await;
    plain.hear_of("OrderStatusChanged").await;
    hub.calls_until("OrderStatusChanged", |_| true).await;
    assert_eq!(subscription(&mut plain, &own).await, "Subscribed");
}

#[tokio::test]
async fn a_connection_takes_the_tokens_of_one_person_only() {
    let shop = Shop::open().await;
    let (ada, eve) = (shop.customer().await, shop.customer().await);
    let own = format!("customer/{}", ada.id);
    let mut browser = Browser::guest(&shop).await;
    assert_eq!(authentication(&mut browser, "nonsense").await["errors"][0]["code"], "invalid_token");
    assert_eq!(subscription(&mut browser, &own).await, "forbidden");
    // A guest may log in.
    assert_eq!(authentication(&mut browser, &ada.token).await["type"], "Authenticated");
    assert_eq!(subscription(&mut browser, &own).await, "Subscribed");
    assert_eq!(authentication(&mut browser, &eve.token).await["errors"][0]["code"], "forbidden");
    assert_eq!(subscription(&mut browser, &format!("customer/{}", eve.id)).await, "forbidden");
    ada.delete("/api/v1/sessions/current").await.expect(200);
    assert_eq!(authentication(&mut browser, &ada.token).await["errors"][0]["code"], "session_ended");
}

#[tokio::test]
async fn another_role_ends_what_the_last_one_listened_to() {
    let shop = Shop::open().await;
    let (admin, manager, ada) = (shop.admin().await, shop.manager().await, shop.customer().await);
    let product = manager.product("ROLE", 100, 10).await;
    let (mut demoted, mut staff) =
        (Browser::logged_in(&shop, &manager.token).await, Browser::logged_in(&shop, &admin.token).await);
    demoted.subscribe("admin").await;
    staff.subscribe("admin").await;
    let (token, _) = short_token(&shop, &manager.id, "customer");
    assert_eq!(authentication(&mut demoted, &token).await["type"], "Authenticated");
    placed_order(&ada, &product).await;
    staff.hear_of("OrderStatusChanged").await;
    assert!(demoted.hears_none_for(SILENCE, is_order).await);
    assert_eq!(subscription(&mut demoted, "admin").await, "forbidden");
}

#[tokio::test]
async fn without_redis_a_connection_is_trusted_until_its_token_expires() {
    let (shop, proxy, _folder) = shop_behind_proxy(&[]).await;
    let ada = shop.customer().await;
    let own = format!("customer/{}", ada.id);
    let (token, over) = short_token(&shop, &ada.id, "customer");
    let mut browser = Browser::logged_in(&shop, &token).await;
    proxy.cut();
    assert_eq!(subscription(&mut browser, &own).await, "Subscribed");
    tokio::time::sleep_until(over + Duration::from_secs(1)).await;
    assert_eq!(subscription(&mut browser, &own).await, "invalid_token");
    assert_eq!(subscription(&mut browser, "catalog").await, "Subscribed");
}
