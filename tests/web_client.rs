//! The browser client of `web/realtime`, in headless Chromium, against a shop. `make test-web` builds it and runs these.

use crate::harness::{Browser, Page, Person, Proxy, Shop, Signer, Wire, Witness, eventually};
use serde_json::{Value, json};
use souk_domain::SessionId;
use std::time::Duration;

fn gateway(shop: &Shop) -> String {
    shop.banner["webSocket"].as_str().unwrap().trim_start_matches("ws://").to_owned()
}

/// News of a product that was restocked once.
fn is_of<'a>(product: &'a str) -> impl Fn(&Value) -> bool + 'a {
    move |news| news["data"]["productId"] == product
}

#[tokio::test]
#[ignore = "needs Node, npm and Chromium: make test-web"]
async fn a_page_hears_of_stock_as_it_changes() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let product = manager.product("PAGE", 100, 10).await;
    let topic = format!("product/{product}");
    let mut page = Page::connected(&gateway(&shop), None, json!({})).await;
    page.subscribe(&topic).await;
    let mut witness = Witness::of(&shop, &topic).await;
    for pieces in 1..=5 {
        manager.restock(&product, pieces).await;
    }
    let is_last = |news: &Value| news["data"]["onHand"] == 25;
    let heard = page.hears_until(&topic, is_last).await;
    assert_eq!(heard, witness.hears_until(is_last).await);
    let last = heard.last().unwrap();
    assert_eq!((&last["type"], &last["topic"]), (&json!("InventoryUpdated"), &json!(topic)));
    assert_eq!(last["data"]["sku"], "PAGE");

    // Another part of the page listens, too; each may stop without the other.
    page.act("subscribe", json!({ "topic": topic, "name": "other" })).await;
    page.loads("other", "first").await;
    page.act("unsubscribe", json!({ "name": topic })).await;
    manager.restock(&product, 1).await;
    assert_eq!(page.hears("other").await["data"]["onHand"], 26);
    page.act("unsubscribe", json!({ "name": "other" })).await;
    page.subscribe("catalog").await;
    manager.restock(&product, 1).await;
    assert_eq!(page.hears("catalog").await["data"]["onHand"], 27);
    assert!(!page.has_told(|told| told["news"].is_object() || told["uncaught"].is_string()));
}

#[tokio::test]
#[ignore = "needs Node, npm and Chromium: make test-web"]
async fn who_logs_in_hears_of_their_orders_and_who_logs_out_does_not() {
    let shop = Shop::open().await;
    let (manager, ada) = (shop.manager().await, shop.customer().await);
    let product = manager.product("MINE", 100, 10).await;
    let own = format!("customer/{}", ada.id);
    let mut page = Page::connected(&gateway(&shop), None, json!({})).await;
    page.act("subscribe", json!({ "topic": own })).await;
    assert_eq!(page.refused(&own).await, "forbidden");
    page.act("subscribe", json!({ "topic": "product/1" })).await;
    assert_eq!(page.refused("product/1").await, "invalid_id");

    page.act("log", json!({ "token": ada.token, "isTold": true })).await;
    page.loads(&own, "first").await;
    let order = ada.ordered(&product, 2).await;
    let placed = page.hears(&own).await;
    assert_eq!((&placed["type"], &placed["data"]["orderId"]), (&json!("OrderStatusChanged"), &json!(order)));
    assert_eq!(placed["data"]["steps"], json!(["placed"]));
    assert!(!page.has_told(|told| told["state"].is_string()), "the connection goes on");

    // The page comes back as a guest.
    page.act("log", json!({ "token": null, "isTold": true })).await;
    page.becomes("open").await;
    assert_eq!(page.refused(&own).await, "forbidden");
    let mut staff = Browser::logged_in(&shop, &manager.token).await;
    staff.subscribe(&own).await;
    ada.act(&order, "cancel", json!({})).await.expect(200);
    staff.hear_until(|message| message["data"]["status"] == "cancelled").await;
    assert!(!page.has_told(|told| told["name"] == own.as_str() && told["news"].is_object()));
}

#[tokio::test]
#[ignore = "needs Node, npm and Chromium: make test-web"]
async fn private_news_go_on_beyond_the_first_token() {
    let shop = Shop::open().await;
    let (manager, ada) = (shop.manager().await, shop.customer().await);
    let product = manager.product("RENEW", 100, 10).await;
    let own = format!("customer/{}", ada.id);
    let wire = Wire::start(&gateway(&shop)).await;
    // The time of the token begins when the browser is there.
    let mut page = Page::open().await;
    let now = souk_domain::now().timestamp();
    let claims = json!({
        "iss": "souk", "sub": ada.id, "sid": SessionId::new(), "role": "customer", "iat": now, "exp": now + 8
    });
    let short = Signer::of(&shop).sign(claims);
    let expired = tokio::time::Instant::now() + Duration::from_secs(9);
    page.connect(&wire.address, Some(&short), json!({ "renewal": 1000 })).await;
    page.becomes("open").await;
    page.subscribe(&own).await;
    // The application has another token from now on; the client asks for it in time.
    page.act("log", json!({ "token": ada.token })).await;
    let has_shown = |said: &Value| said["action"] == "authenticate" && said["token"] == ada.token.as_str();
    eventually("it shows the next token", async || wire.times_said(has_shown) == 1).await;
    tokio::time::sleep_until(expired).await;
    ada.ordered(&product, 1).await;
    assert_eq!(page.hears(&own).await["data"]["status"], "pending_payment");
    assert_eq!(wire.opened(), 1);
}

#[tokio::test]
#[ignore = "needs Node, npm and Chromium: make test-web"]
async fn who_is_refused_asks_for_the_token_again_and_tries_on() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let mut page = Page::open().await;
    page.connect(&gateway(&shop), Some("nonsense"), json!({})).await;
    for _ in 0..2 {
        page.becomes("waiting").await;
        page.becomes("connecting").await;
    }
    page.act("log", json!({ "token": ada.token })).await;
    page.becomes("open").await;
    page.subscribe(&format!("customer/{}", ada.id)).await;
}

#[tokio::test]
#[ignore = "needs Node, npm and Chromium: make test-web"]
async fn a_cut_connection_goes_on_where_it_was() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let products = several_products(&manager, "CUT", 12).await;
    let proxy = Proxy::start(&gateway(&shop)).await;
    let mut page = Page::connected(&proxy.address, None, json!({})).await;
    page.subscribe("catalog").await;
    let mut witness = Witness::of(&shop, "catalog").await;
    for (number, product) in products.iter().enumerate() {
        match number % 4 {
            1 => {
                proxy.cut();
                page.becomes("waiting").await;
            }
            3 => {
                proxy.restore();
                page.becomes("open").await;
            }
            _ => {}
        }
        manager.restock(product, 1).await;
    }
    let is_last = is_of(products.last().unwrap());
    let heard = page.hears_until("catalog", &is_last).await;
    assert_eq!(heard, witness.hears_until(&is_last).await);
    assert_eq!(heard.len(), products.len());
    assert!(!page.has_told(|told| told["reload"].is_string()));
}

#[tokio::test]
#[ignore = "needs Node, npm and Chromium: make test-web"]
async fn who_was_away_for_too_much_loads_again_and_goes_on() {
    let shop = Shop::open().await;
    let (manager, ada) = (shop.manager().await, shop.customer().await);
    let products = several_products(&manager, "AWAY", 20).await;
    for product in &products {
        manager.restock(product, 100).await;
    }
    let proxy = Proxy::start(&gateway(&shop)).await;
    let mut page = Page::connected(&proxy.address, None, json!({})).await;
    page.subscribe("catalog").await;
    let mut witness = Witness::of(&shop, "catalog").await;
    proxy.cut();
    page.becomes("waiting").await;
    // More than the shop keeps: each order changes the stock of many products.
    let lines: Vec<(&str, i64)> = products.iter().map(|product| (product.as_str(), 1)).collect();
    for _ in 0..11 {
        ada.order(&lines).await.expect(201);
        for _ in &lines {
            witness.hears().await;
        }
    }
    proxy.restore();
    page.loads("catalog", "gap").await;
    manager.restock(&products[0], 1).await;
    let heard = page.hears_until("catalog", |news| news["data"]["onHand"] == 101).await;
    // What was missed is part of what was loaded.
    assert!(heard.iter().all(|news| news["data"]["onHand"] == 101 || news["data"]["reserved"] == 0), "{heard:?}");
}

#[tokio::test]
#[ignore = "needs Node, npm and Chromium: make test-web"]
async fn a_page_outlives_the_shop_that_is_killed() {
    let mut shop = Shop::open().await;
    let address = gateway(&shop);
    let products = several_products(&shop.manager().await, "KILLED", 6).await;
    let mut page = Page::connected(&address, None, json!({})).await;
    page.subscribe("catalog").await;
    for product in &products[..3] {
        shop.manager().await.restock(product, 1).await;
    }
    shop.kill();
    page.becomes("waiting").await;
    shop.start_again_with(&["--ws-port", address.rsplit(':').next().unwrap()]);
    page.becomes("open").await;
    for product in &products[3..] {
        shop.manager().await.restock(product, 1).await;
    }
    let mut told: Vec<String> = Vec::new();
    while products.iter().any(|product| !told.contains(product)) {
        told.push(page.hears("catalog").await["data"]["productId"].as_str().unwrap().to_owned());
    }
    // A shop that was killed may have forgotten what it told, and tells that again under other numbers.
    told.retain(|product| products[3..].contains(product));
    assert_eq!(told, products[3..]);
}

#[tokio::test]
#[ignore = "needs Node, npm and Chromium: make test-web"]
async fn what_is_lost_repeated_or_out_of_order_is_put_right() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let products = several_products(&manager, "WIRE", 30).await;
    let wire = Wire::start(&gateway(&shop)).await;
    let mut page = Page::connected(&wire.address, None, json!({ "gap": 100 })).await;
    page.subscribe("catalog").await;
    let mut witness = Witness::of(&shop, "catalog").await;
    let (mut count, mut late) = (0, None);
    wire.disturb(move |_, message| {
        if message["type"] != "InventoryUpdated" {
            return vec![message];
        }
        count += 1;
        match count % 7 {
            1 => vec![message.clone(), message],
            // Overtaken by the next one.
            3 => late.replace(message).into_iter().collect(),
            4 => [Some(message), late.take()].into_iter().flatten().collect(),
            // Lost; the answer to another `subscribe` brings it.
            6 => vec![],
            _ => vec![message],
        }
    });
    for product in &products {
        manager.restock(product, 1).await;
    }
    let is_last = is_of(products.last().unwrap());
    let heard = page.hears_until("catalog", &is_last).await;
    assert_eq!(heard, witness.hears_until(&is_last).await);
    assert!(wire.times_said(|said| said["after"].is_u64()) > 0);
    assert!(!page.has_told(|told| told["reload"].is_string()));
    assert_eq!(wire.opened(), 1);
}

#[tokio::test]
#[ignore = "needs Node, npm and Chromium: make test-web"]
async fn a_silent_connection_is_kept_by_pings_and_a_dead_one_is_given_up() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let product = manager.product("PING", 100, 0).await;
    let wire = Wire::start(&gateway(&shop)).await;
    let mut page = Page::connected(&wire.address, None, json!({ "silence": 200, "answer": 2000 })).await;
    page.subscribe("catalog").await;
    eventually("it pings", async || wire.times_said(|said| said["action"] == "ping") >= 3).await;
    // The network swallows everything and tells nobody.
    let dead = wire.opened();
    wire.disturb(move |connection, message| if connection <= dead { vec![] } else { vec![message] });
    page.becomes("waiting").await;
    manager.restock(&product, 4).await;
    assert_eq!(page.hears("catalog").await["data"]["onHand"], 4);
}

#[tokio::test]
#[ignore = "needs Node, npm and Chromium: make test-web"]
async fn a_connection_is_replaced_before_it_is_too_old_and_nothing_is_missed() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let product = manager.product("LIFE", 100, 0).await;
    let wire = Wire::start(&gateway(&shop)).await;
    let mut page = Page::connected(&wire.address, None, json!({ "life": 500 })).await;
    let topics = [format!("product/{product}"), "catalog".to_owned()];
    for topic in &topics {
        page.subscribe(topic).await;
    }
    let mut witness = Witness::of(&shop, "catalog").await;
    let mut on_hand = 0;
    while wire.opened() < 5 {
        manager.restock(&product, 1).await;
        on_hand += 1;
    }
    let is_last = |news: &Value| news["data"]["onHand"] == on_hand;
    let heard = page.hears_until("catalog", is_last).await;
    assert_eq!(heard, witness.hears_until(is_last).await);
    // Both topics tell the same.
    let data = |heard: &[Value]| heard.iter().map(|news| news["data"].clone()).collect::<Vec<_>>();
    assert_eq!(data(&page.hears_until(&topics[0], is_last).await), data(&heard));
    assert!(!page.has_told(|told| told["state"].is_string() || told["reload"].is_string()));
    eventually("one connection is left", async || wire.open() == 1).await;
}

#[tokio::test]
#[ignore = "needs Node, npm and Chromium: make test-web"]
async fn who_closes_is_gone() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let product = manager.product("CLOSE", 100, 0).await;
    let wire = Wire::start(&gateway(&shop)).await;
    let mut page = Page::connected(&wire.address, None, json!({})).await;
    page.subscribe("catalog").await;
    page.act("subscribe", json!({ "topic": format!("product/{product}") })).await;
    page.act("unsubscribe", json!({ "name": format!("product/{product}") })).await;
    eventually("the shop is told", async || wire.times_said(|said| said["action"] == "unsubscribe") == 1).await;
    let mut witness = Witness::of(&shop, "catalog").await;
    page.act("close", json!(null)).await;
    page.becomes("closed").await;
    eventually("the connection ends", async || wire.open() == 0).await;
    manager.restock(&product, 1).await;
    witness.hears_until(is_of(&product)).await;
    assert_eq!(page.act("state", json!(null)).await, "closed");
    assert_eq!(wire.opened(), 1);
    assert!(!page.has_told(|told| told["news"].is_object() || told["uncaught"].is_string()));
}

#[tokio::test]
#[ignore = "needs Node, npm and Chromium: make test-web"]
async fn a_network_that_is_back_is_used_at_once() {
    let shop = Shop::open().await;
    let proxy = Proxy::start(&gateway(&shop)).await;
    let hour = 3_600_000;
    let pauses = json!({ "firstPause": hour, "longestPause": hour });
    let mut page = Page::connected(&proxy.address, None, pauses).await;
    proxy.cut();
    page.becomes("waiting").await;
    proxy.restore();
    page.act("offline", json!(true)).await;
    page.act("offline", json!(false)).await;
    page.becomes("open").await;
}

#[tokio::test]
#[ignore = "needs Node, npm and Chromium: make test-web"]
async fn a_load_that_fails_is_tried_again_and_news_wait_for_it() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let product = manager.product("LOAD", 100, 0).await;
    let mut page = Page::connected(&gateway(&shop), None, json!({})).await;
    page.act("subscribe", json!({ "topic": "catalog", "failures": 2, "isSlow": true })).await;
    for _ in 0..3 {
        page.loads("catalog", "first").await;
    }
    // What another part of the page has heard waits for the load of this one.
    page.act("subscribe", json!({ "topic": "catalog", "name": "other" })).await;
    page.loads("other", "first").await;
    manager.restock(&product, 1).await;
    page.hears("other").await;
    assert!(!page.has_told(|told| told["name"] == "catalog" && told["news"].is_object()));
    page.act("goOn", json!(null)).await;
    assert_eq!(page.hears("catalog").await["data"]["onHand"], 1);
    assert_eq!(page.0.told().filter(|told| told["uncaught"] == "a load that fails").count(), 2);
}

/// Products that have no stock yet.
async fn several_products(manager: &Person<'_>, sku: &str, count: usize) -> Vec<String> {
    let mut products = Vec::new();
    for number in 0..count {
        products.push(manager.product(&format!("{sku}-{number}"), 100, 0).await);
    }
    products
}
