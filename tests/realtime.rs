use crate::harness::{Browser, Shop, send};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn from_a_product_in_the_catalog_to_a_browser_that_sees_its_stock_change() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let category = manager.category("Spine").await;
    let new = json!({ "sku": "SPINE", "name": "Spine", "categoryId": category, "price": { "amountMinor": 100, "currency": "GBP" } });
    let product = manager.post("/api/v1/products", new).await.expect(201)["id"].as_str().unwrap().to_owned();
    manager.restock(&product, 7).await;

    let mut guest = Browser::guest(&shop).await;
    guest.subscribe(&format!("product/{product}")).await;
    let mut own = Browser::logged_in(&shop, &customer.token).await;
    own.subscribe(&format!("customer/{}", customer.id)).await;
    let request = customer.request(Method::POST, "/api/v1/orders").header("X-Correlation-Id", "wish-7");
    let order = send(request.json(&json!({ "lines": [{ "productId": product, "quantity": 2 }] }))).await;

    // News of the delivery may still be on its way; the order's come after it.
    let stock = guest.hear_until(|message| message["data"]["reserved"] == 2).await;
    assert_eq!((&stock["type"], &stock["topic"]), (&json!("InventoryUpdated"), &json!(format!("product/{product}"))));
    assert_eq!((&stock["data"]["available"], &stock["data"]["onHand"]), (&json!(5), &json!(7)));
    assert_eq!(stock["correlationId"], "wish-7");
    let status = own.hear_of("OrderStatusChanged").await;
    assert_eq!(
        (&status["data"]["orderId"], &status["data"]["status"]),
        (&order.expect(201)["id"], &json!("pending_payment"))
    );
    assert_eq!(status["correlationId"], "wish-7");

    own.subscribe(&format!("order/{}", order.data["id"].as_str().unwrap())).await;
    customer.post(&format!("{}/cancel", order.header("location").unwrap()), json!({})).await.expect(200);
    // On both topics, whatever is said again of the step before.
    let mut told = BTreeSet::new();
    while told.len() < 2 {
        let status = own.hear_until(|message| message["version"] == 2).await;
        assert_eq!((&status["type"], &status["data"]["status"]), (&json!("OrderStatusChanged"), &json!("cancelled")));
        told.insert(status["topic"].as_str().unwrap().to_owned());
    }
    let stock = guest.hear_until(|message| message["version"].as_i64() > stock["version"].as_i64()).await;
    assert_eq!(stock["data"]["available"], 7);
}

#[tokio::test]
async fn everybody_who_listens_hears_the_last_level_of_a_burst() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let product = manager.product("BURST", 100, 1000).await;
    let mut browsers = join_all((0..20).map(|_| Browser::guest(&shop))).await;
    for browser in &mut browsers {
        browser.subscribe(&format!("product/{product}")).await;
    }
    let customer = shop.customer().await;
    let lines = [(product.as_str(), 1)];
    join_all((0..50).map(|_| customer.order(&lines))).await;
    for browser in &mut browsers {
        browser.hear_until(|message| message["data"]["available"] == 950).await;
    }
}

#[tokio::test]
async fn topics_are_for_those_they_concern() {
    let shop = Shop::open().await;
    let (manager, customer, other) = (shop.manager().await, shop.customer().await, shop.customer().await);
    let product = manager.product("SECRET", 100, 10).await;
    let order = customer.order(&[(&product, 1)]).await.data["id"].as_str().unwrap().to_owned();
    let order = format!("order/{order}");
    let own = format!("customer/{}", customer.id);
    let unknown = "order/01890000-0000-7000-8000-000000000000".to_owned();
    let cases = [
        (None, [("catalog", true), (&order, false), (&own, false), ("admin", false)]),
        (Some(&other), [("catalog", true), (&order, false), (&own, false), (&unknown, false)]),
        (Some(&customer), [("catalog", true), (&order, true), (&own, true), ("admin", false)]),
        (Some(&manager), [(&order, true), (&own, true), ("admin", true), (&unknown, true)]),
    ];
    for (person, topics) in cases {
        let mut browser = match person {
            Some(person) => Browser::logged_in(&shop, &person.token).await,
            None => Browser::guest(&shop).await,
        };
        for (topic, allowed) in topics {
            let answer = browser.ask(json!({ "action": "subscribe", "topic": topic })).await;
            match allowed {
                true => assert_eq!(answer["type"], "Subscribed", "{topic}"),
                false => assert_eq!(answer["errors"][0]["code"], "forbidden", "{topic}"),
            }
        }
    }
}

#[tokio::test]
async fn a_note_that_staff_wrote_for_themselves_is_told_to_staff_alone() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("NOTED", 100, 10).await;
    let order = customer.ordered(&product, 1).await;
    let mut own = Browser::logged_in(&shop, &customer.token).await;
    own.subscribe(&format!("customer/{}", customer.id)).await;
    own.subscribe(&format!("order/{order}")).await;
    let mut staff = Browser::logged_in(&shop, &manager.token).await;
    staff.subscribe("admin").await;
    for (text, is_public) in [("looks like fraud", false), ("on its way", true)] {
        manager.act(&order, "notes", json!({ "text": text, "isPublic": is_public })).await.expect(200);
    }
    for (version, is_private) in [(2, json!(true)), (3, Value::Null)] {
        let is_step = |message: &Value| message["type"] == "OrderStatusChanged" && message["version"] == version;
        let told = staff.hear_until(is_step).await;
        assert_eq!((&told["data"]["steps"], &told["data"]["isPrivate"]), (&json!(["note_added"]), &is_private));
    }
    // Steps are told in their order: whoever hears of the second note has heard of the first one, or never will.
    let mut topics = BTreeSet::new();
    while topics.len() < 2 {
        let told = own.hear_until(|message| message["version"].as_i64() > Some(1)).await;
        assert_eq!(told["version"], 3, "{told}");
        topics.insert(told["topic"].as_str().unwrap().to_owned());
    }
}

#[tokio::test]
async fn a_connection_with_a_bad_token_is_refused() {
    let shop = Shop::open().await;
    assert_eq!(Browser::connect(&shop, "?access_token=nonsense").await.err(), Some(401));
}

#[tokio::test]
async fn who_unsubscribed_or_left_hears_nothing_more() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let product = manager.product("QUIET", 100, 10).await;
    let topic = format!("product/{product}");
    let (mut stays, mut leaves, mut listens) =
        (Browser::guest(&shop).await, Browser::guest(&shop).await, Browser::guest(&shop).await);
    for browser in [&mut stays, &mut leaves, &mut listens] {
        browser.subscribe(&topic).await;
    }
    let answer = stays.ask(json!({ "action": "unsubscribe", "topic": topic })).await;
    assert_eq!(answer["type"], "Unsubscribed");
    drop(leaves);
    manager.restock(&product, 1).await;
    let is_news = |message: &Value| message["data"]["available"] == 11;
    listens.hear_until(is_news).await;
    assert!(stays.hears_none_for(Duration::from_millis(300), is_news).await);
}

#[tokio::test]
async fn what_is_no_known_action_is_told_so() {
    let shop = Shop::open().await;
    let mut browser = Browser::guest(&shop).await;
    for sent in ["nonsense", "[]", "{}", r#"{"action":"$connect"}"#, r#"{"action":"fly"}"#] {
        browser.send(Message::text(sent)).await;
        assert_eq!(browser.hear().await.unwrap()["errors"][0]["code"], "malformed_body", "{sent}");
    }
    browser.say(json!({ "action": "subscribe", "topic": "nonsense" })).await;
    assert_eq!(browser.hear().await.unwrap()["errors"][0]["code"], "invalid_id");
    browser.say(json!({ "action": "ping" })).await;
    assert_eq!(browser.hear().await.unwrap()["type"], "Pong");
}

#[tokio::test]
async fn the_gateway_keeps_the_limits_of_api_gateway() {
    let shop = Shop::open().await;
    let mut large = Browser::guest(&shop).await;
    large.send(Message::text("x".repeat(33 << 10))).await;
    assert_eq!(large.close_code().await, Some(1009));
    let mut binary = Browser::guest(&shop).await;
    binary.send(Message::binary(vec![0])).await;
    assert_eq!(binary.close_code().await, Some(1003));

    let management = shop.banner["webSocket"].as_str().unwrap().replace("ws://", "http://");
    let url = format!("{management}/@connections/nobody");
    let client = reqwest::Client::new();
    for request in [client.post(&url).body("x"), client.get(&url), client.delete(&url)] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 410);
        assert_eq!(answer.headers()["x-amzn-errortype"], "GoneException");
    }
    let oversized = client.post(&url).body("x".repeat((128 << 10) + 1)).send().await.unwrap();
    assert_eq!(oversized.status(), 413);
}
