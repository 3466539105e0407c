//! The SignalR hub protocol, frame by frame. `signalr_client.rs` has Microsoft's own client speak it.

use crate::harness::{Browser, Shop};
use serde_json::{Value, json};
use std::collections::VecDeque;
use tokio_tungstenite::tungstenite::Message;

/// A topic of which there are no news.
const QUIET: &str = "product/01890000-0000-7000-8000-000000000000";

/// A browser that speaks SignalR.
pub struct Hub {
    browser: Browser,
    heard: VecDeque<Value>,
    invoked: u64,
}

impl Hub {
    /// Connected, before the handshake.
    async fn connect(shop: &Shop, query: &str) -> Self {
        let browser = Browser::connect(shop, query).await.unwrap();
        Self { browser, heard: VecDeque::new(), invoked: 0 }
    }

    pub async fn guest(shop: &Shop) -> Self {
        Self::connect(shop, "").await.welcomed().await
    }

    pub async fn logged_in(shop: &Shop, token: &str) -> Self {
        Self::connect(shop, &format!("?access_token={token}")).await.welcomed().await
    }

    async fn welcomed(mut self) -> Self {
        self.say(&[json!({ "protocol": "json", "version": 1 })]).await;
        assert_eq!(self.hear().await, Some(json!({})));
        self
    }

    async fn say_text(&mut self, text: &str) {
        self.browser.send(Message::text(text)).await;
    }

    /// Says all of it in one message.
    async fn say(&mut self, records: &[Value]) {
        let text: String = records.iter().map(|record| format!("{record}\u{1e}")).collect();
        self.say_text(&text).await;
    }

    /// The next record; `None` when the gateway closed the connection.
    async fn hear(&mut self) -> Option<Value> {
        if self.heard.is_empty() {
            let text = self.browser.hear_text().await?;
            let whole = text.strip_suffix('\u{1e}').expect("whole records");
            self.heard.extend(whole.split('\u{1e}').map(|record| serde_json::from_str::<Value>(record).unwrap()));
        }
        self.heard.pop_front()
    }

    /// Calls a method and waits for its completion; calls that come meanwhile are heard afterwards.
    pub async fn invoke(&mut self, target: &str, arguments: Value) -> Value {
        self.invoked += 1;
        let id = self.invoked.to_string();
        self.say(&[json!({ "type": 1, "invocationId": id, "target": target, "arguments": arguments })]).await;
        let mut others = VecDeque::new();
        loop {
            let heard = self.hear().await.expect("an open connection");
            if heard["type"] == 3 && heard["invocationId"] == id.as_str() {
                others.append(&mut self.heard);
                self.heard = others;
                return heard;
            }
            others.push_back(heard);
        }
    }

    pub async fn subscribe(&mut self, topic: &str) {
        let answer = self.invoke("Subscribe", json!([topic])).await;
        assert_eq!((&answer["result"]["reload"], answer.get("error")), (&json!(false), None), "{answer}");
    }

    /// The messages that handlers are called with, up to the wanted one of this handler.
    pub async fn calls_until(&mut self, target: &str, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut calls = Vec::new();
        loop {
            let mut heard = self.hear().await.expect("an open connection");
            assert_eq!((&heard["type"], heard.get("invocationId")), (&json!(1), None), "{heard}");
            assert_eq!(heard["arguments"].as_array().map(Vec::len), Some(1), "{heard}");
            let message = heard["arguments"][0].take();
            assert_eq!(heard["target"], message["type"]);
            let is_last = heard["target"] == target && wanted(&message);
            calls.push(message);
            if is_last {
                return calls;
            }
        }
    }

    async fn hear_call(&mut self, target: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.calls_until(target, wanted).await.pop().unwrap()
    }
}

#[tokio::test]
async fn what_happens_is_told_as_calls_of_handlers_with_the_message_of_plain_json() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("HUB", 100, 10).await;
    let (stock, orders) = (format!("product/{product}"), format!("customer/{}", customer.id));
    let (mut hub, mut plain) =
        (Hub::logged_in(&shop, &customer.token).await, Browser::logged_in(&shop, &customer.token).await);
    for topic in [&stock, &orders] {
        hub.subscribe(topic).await;
        plain.subscribe(topic).await;
    }
    customer.order(&[(&product, 3)]).await.expect(201);

    let is_reserved = |message: &Value| message["data"]["reserved"] == 3;
    let mut told = hub.calls_until("InventoryUpdated", is_reserved).await;
    let level = told.last().unwrap();
    assert_eq!((&level["type"], &level["topic"]), (&json!("InventoryUpdated"), &json!(stock)));
    assert_eq!(plain.hear_until(is_reserved).await, *level);

    // News of stock and of orders come in no order.
    let is_order = |message: &Value| message["type"] == "OrderStatusChanged";
    if !told.iter().any(is_order) {
        told.extend(hub.calls_until("OrderStatusChanged", |_| true).await);
    }
    let status = told.iter().find(|message| is_order(message)).unwrap();
    assert_eq!((&status["topic"], &status["data"]["status"]), (&json!(orders), &json!("pending_payment")));
}

#[tokio::test]
async fn records_that_come_in_one_message_are_answered_in_their_order() {
    let shop = Shop::open().await;
    let mut hub = Hub::connect(&shop, "").await;
    let call =
        |id: &str, target: &str| json!({ "type": 1, "invocationId": id, "target": target, "arguments": [QUIET] });
    let handshake = json!({ "protocol": "json", "version": 1 });
    hub.say(&[handshake, call("a", "Subscribe"), json!({ "type": 6 }), call("b", "unsubscribe")]).await;
    let text = hub.browser.hear_text().await.unwrap();
    let answers: Vec<Value> =
        text.split_terminator('\u{1e}').map(|record| serde_json::from_str(record).unwrap()).collect();
    let sequence = &answers[1]["result"]["sequence"];
    let subscribed = json!({ "type": 3, "invocationId": "a", "result": { "sequence": sequence, "reload": false } });
    assert_eq!(answers, [json!({}), subscribed, json!({ "type": 3, "invocationId": "b" })]);
}

#[tokio::test]
async fn who_says_what_was_heard_last_is_called_for_what_was_missed_before_the_answer() {
    let shop = Shop::open().await;
    let customer = shop.customer().await;
    let product = shop.manager().await.product("LATER", 100, 10).await;
    let topic = format!("customer/{}", customer.id);
    let mut hub = Hub::logged_in(&shop, &customer.token).await;
    hub.subscribe(&topic).await;
    let mut news = Vec::new();
    for _ in 0..3 {
        customer.order(&[(&product, 1)]).await.expect(201);
        news.push(hub.hear_call("OrderStatusChanged", |_| true).await);
    }
    let mut back = Hub::logged_in(&shop, &customer.token).await;
    let answer = back.invoke("Subscribe", json!([topic, news[0]["sequence"]])).await;
    assert_eq!(answer["result"], json!({ "sequence": news[2]["sequence"], "reload": false }));
    for expected in &news[1..] {
        assert_eq!(back.hear_call("OrderStatusChanged", |_| true).await, *expected);
    }
    let answer = back.invoke("Subscribe", json!([topic, 1])).await;
    assert_eq!(answer["result"]["reload"], true);
    for wrong in [json!([topic, "1"]), json!([topic, 1, 2]), json!([])] {
        let answer = back.invoke("Subscribe", wrong.clone()).await;
        assert!(answer["error"].as_str().unwrap().starts_with("invalid_request: "), "{wrong}: {answer}");
    }
}

#[tokio::test]
async fn who_unsubscribed_is_called_no_more() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let [one, two] = [manager.product("ONE", 100, 0).await, manager.product("TWO", 100, 0).await];
    let mut hub = Hub::guest(&shop).await;
    for product in [&one, &two] {
        hub.subscribe(&format!("product/{product}")).await;
    }
    let answer = hub.invoke("Unsubscribe", json!([format!("product/{one}")])).await;
    assert_eq!(answer.get("error"), None);
    manager.restock(&one, 1).await;
    manager.restock(&two, 1).await;
    // Both changes go through one stream, in their order.
    let told = hub.hear_call("InventoryUpdated", |message| message["data"]["onHand"] == 1).await;
    assert_eq!(told["data"]["productId"], two);
}

#[tokio::test]
async fn a_method_that_fails_says_why_and_the_connection_goes_on() {
    let shop = Shop::open().await;
    let mut hub = Hub::guest(&shop).await;
    let order = "order/01890000-0000-7000-8000-000000000000";
    for (target, arguments, code) in [
        ("Subscribe", json!(["admin"]), "forbidden"),
        ("Subscribe", json!([order]), "forbidden"),
        ("Subscribe", json!(["nonsense"]), "invalid_id"),
        ("Subscribe", json!([]), "invalid_request"),
        ("Unsubscribe", json!([1]), "invalid_request"),
        ("Authenticate", json!([]), "invalid_request"),
        ("Authenticate", json!(["nonsense"]), "invalid_token"),
        ("Fly", json!(["catalog"]), "invalid_request"),
    ] {
        let answer = hub.invoke(target, arguments).await;
        let error = answer["error"].as_str().unwrap();
        assert!(error.starts_with(&format!("{code}: ")) && answer.get("result").is_none(), "{answer}");
    }
    for kind in [4, 5] {
        hub.say(&[json!({ "type": kind, "invocationId": "s", "target": "Stream", "arguments": [] })]).await;
        let answer = hub.hear().await.unwrap();
        assert_eq!((&answer["type"], &answer["invocationId"]), (&json!(3), &json!("s")));
        assert!(answer["error"].is_string());
    }
    hub.subscribe("catalog").await;
}

#[tokio::test]
async fn whatever_has_no_answer_of_its_own_is_answered_by_a_ping() {
    let shop = Shop::open().await;
    let mut hub = Hub::guest(&shop).await;
    let no_answer = |target: &str| json!({ "type": 1, "target": target, "arguments": [QUIET] });
    for record in [json!({ "type": 6 }), no_answer("Subscribe"), no_answer("Fly"), json!({ "type": 99 })] {
        hub.say(&[record]).await;
        assert_eq!(hub.hear().await, Some(json!({ "type": 6 })));
    }
}

#[tokio::test]
async fn a_protocol_or_version_that_is_not_spoken_ends_the_connection() {
    let shop = Shop::open().await;
    for (handshake, error) in [
        (json!({ "protocol": "messagepack", "version": 1 }), "The protocol 'messagepack' is not supported."),
        (json!({ "protocol": "json", "version": 2 }), "The server does not support version 2 of the 'json' protocol."),
    ] {
        let mut hub = Hub::connect(&shop, "").await;
        hub.say(&[handshake]).await;
        assert_eq!(hub.hear().await, Some(json!({ "error": error })));
        assert_eq!(hub.hear().await, None);
    }
    let mut hub = Hub::connect(&shop, "").await;
    hub.say(&[json!({ "type": 1, "invocationId": "1", "target": "Subscribe", "arguments": ["catalog"] })]).await;
    assert_eq!(hub.hear().await, Some(json!({ "error": "the handshake comes first" })));
    assert_eq!(hub.hear().await, None);
}

#[tokio::test]
async fn what_is_no_record_ends_the_connection_with_an_error() {
    let shop = Shop::open().await;
    for text in ["nonsense\u{1e}", "{}\u{1e}", "{\"type\":6}\u{1e}{\"type\":", "{\"type\":6", "{\"type\":1}\u{1e}"] {
        let mut hub = Hub::guest(&shop).await;
        hub.say_text(text).await;
        let mut last = hub.hear().await.unwrap();
        assert_eq!((last["type"].take(), last["error"].is_string()), (json!(7), true), "{text}");
        assert_eq!(hub.browser.close_code().await, Some(1001), "{text}");
    }
}

#[tokio::test]
async fn a_browser_that_says_it_leaves_is_let_go() {
    let shop = Shop::open().await;
    let mut hub = Hub::guest(&shop).await;
    hub.say(&[json!({ "type": 7 })]).await;
    assert_eq!(hub.browser.close_code().await, Some(1001));
}
