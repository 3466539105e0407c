//! Third parties hear of what happens, through a receiver of their own.

use crate::harness::{Person, Post, Receiver, Shop, eventually};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

const PATH: &str = "/api/v1/webhooks";
/// What happens to an order that is paid and sent, in this order.
const STEPS: [&str; 3] = ["souk.OrderPlaced", "souk.OrderPaymentCaptured", "souk.OrderShipped"];

/// A shop that lets webhooks lead to this machine and tries again after so many milliseconds.
async fn shop_with_pause(pause: &str) -> Shop {
    Shop::open_with(&["--webhooks-to-private-addresses", "--webhook-pause-ms", pause]).await
}

/// A new webhook.
struct Hook {
    path: String,
    secret: String,
}

impl Hook {
    async fn make(admin: &Person<'_>, url: &str, types: &[&str]) -> Self {
        let made = admin.post(PATH, json!({ "url": url, "eventTypes": types })).await.expect(201).clone();
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        Self { path: format!("{PATH}/{}", text("id")), secret: text("secret") }
    }

    async fn read(&self, admin: &Person<'_>) -> Value {
        admin.get(&self.path).await.expect(200).clone()
    }

    /// The delivery log, oldest first.
    async fn log(&self, admin: &Person<'_>) -> Vec<Value> {
        let log = admin.get(&format!("{}/deliveries?limit=100", self.path)).await;
        log.expect(200).as_array().unwrap().iter().rev().cloned().collect()
    }

    /// The delivery log, once a line of it is as asked for.
    async fn log_where(&self, admin: &Person<'_>, place: usize, is_so: impl Fn(&Value) -> bool) -> Vec<Value> {
        eventually("the line of the log", async || self.log(admin).await.get(place).is_some_and(&is_so)).await;
        self.log(admin).await
    }

    async fn set_status(&self, admin: &Person<'_>, status: &str) -> Value {
        let now = self.read(admin).await;
        let fields = json!({ "url": now["url"], "eventTypes": now["eventTypes"], "status": status });
        admin.put(&self.path, &format!("\"{}\"", now["version"]), fields).await.expect(200).clone()
    }

    async fn ping(&self, admin: &Person<'_>) -> Value {
        admin.post(&format!("{}/ping", self.path), json!({})).await.expect(200).clone()
    }
}

fn types(posts: &[Post]) -> Vec<String> {
    posts.iter().map(|post| post.event()["type"].as_str().unwrap().to_owned()).collect()
}

/// A customer's order; its id.
async fn order(customer: &Person<'_>, product: &str) -> String {
    customer.order(&[(product, 1)]).await.expect(201)["id"].as_str().unwrap().to_owned()
}

/// A customer's order that is paid and sent; its id.
async fn sent_order(manager: &Person<'_>, customer: &Person<'_>, product: &str) -> String {
    let id = order(customer, product).await;
    customer.pay(&id, "pm_card_visa").await.expect(200);
    let parcel = json!({ "carrier": "Post", "trackingNumber": "1" });
    manager.post(&format!("/api/v1/orders/{id}/shipments"), parcel).await.expect(200);
    id
}

#[tokio::test]
async fn a_receiver_hears_of_every_order_in_its_order_and_knows_that_it_was_the_shop() {
    let (shop, receiver) = (shop_with_pause("5000").await, Receiver::open().await);
    let (manager, admin, customer) = (shop.manager().await, shop.admin().await, shop.customer().await);
    let product = manager.product("A1", 500, 10).await;
    let before = order(&customer, &product).await;
    let hook = Hook::make(&admin, &receiver.url(), &STEPS).await;
    let orders = [sent_order(&manager, &customer, &product).await, sent_order(&manager, &customer, &product).await];
    let posts = receiver.arrived(6).await;
    for order in &orders {
        let of_order: Vec<Post> = posts.iter().filter(|post| post.event()["subject"] == **order).cloned().collect();
        assert_eq!(types(&of_order), STEPS);
        let versions: Vec<_> = of_order.iter().map(|post| post.event()["aggregateversion"].as_i64()).collect();
        assert!(versions.is_sorted(), "{versions:?}");
    }
    for post in &posts {
        let event = post.event();
        assert!(post.is_signed_by(&hook.secret) && !post.is_signed_by("whsec_aHVzaA=="));
        assert_eq!((post.path.as_str(), post.header("content-type")), ("/hooks", "application/json"));
        assert_eq!((post.header("webhook-id"), &event["specversion"]), (event["id"].as_str().unwrap(), &json!("1.0")));
        assert!(post.header("webhook-timestamp").parse::<i64>().is_ok());
        // Neither who bought nor where to: an id, and what it cost.
        assert!(!post.body.contains(&customer.email) && !post.body.contains("Test Customer"), "{}", post.body);
        assert_ne!(event["subject"], before);
    }
    let log = hook.log_where(&admin, 5, |line| line["status"] == "delivered").await;
    assert!(log.iter().all(|line| line["statusCode"] == 204 && line["attempts"] == 1), "{log:?}");
    assert_eq!(receiver.posts().len(), 6);
}

/// Whether the example of `docs/webhooks.md` takes a post with this body.
fn example_takes(post: &Post, body: &str, secret: &str) -> bool {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/webhooks.md")).unwrap();
    let example = page.split_once("```python\n").unwrap().1.split_once("```").unwrap().0;
    let program = format!(
        "{example}\nimport json, sys\ninput = json.load(sys.stdin)\n\
         sys.exit(0 if verify(input['secret'], input['headers'], input['body'].encode()) else 7)\n"
    );
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"]
        .map(|name| (name.to_owned(), json!(post.header(name))));
    let headers: Value = headers.into_iter().collect::<serde_json::Map<_, _>>().into();
    let mut python = Command::new("python3").args(["-c", &program]).stdin(Stdio::piped()).spawn().unwrap();
    let input = json!({ "secret": secret, "headers": headers, "body": body });
    python.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    match python.wait().unwrap().code() {
        Some(0) => true,
        Some(7) => false,
        code => panic!("the example fails: {code:?}"),
    }
}

#[tokio::test]
#[ignore = "needs Python: make test-webhook-example"]
async fn the_example_for_receivers_takes_what_the_shop_sends_and_nothing_else() {
    let (shop, receiver) = (shop_with_pause("5000").await, Receiver::open().await);
    let admin = shop.admin().await;
    let hook = Hook::make(&admin, &receiver.url(), &STEPS).await;
    hook.ping(&admin).await;
    let rotated = admin.post(&format!("{}/secret", hook.path), json!({})).await.expect(200).clone();
    hook.ping(&admin).await;
    let [one, two] = receiver.posts().try_into().unwrap();
    assert!(example_takes(&one, &one.body, &hook.secret));
    assert!(example_takes(&two, &two.body, &hook.secret));
    assert!(example_takes(&two, &two.body, rotated["secret"].as_str().unwrap()));
    assert!(!example_takes(&one, &one.body.replace("souk", "suok"), &hook.secret));
    assert!(!example_takes(&one, &two.body, &hook.secret));
    assert!(!example_takes(&one, &one.body, rotated["secret"].as_str().unwrap()));
}

#[tokio::test]
async fn what_fails_is_tried_again_and_what_came_later_waits_for_it() {
    let (shop, receiver) = (shop_with_pause("20").await, Receiver::open().await);
    let (manager, admin, customer) = (shop.manager().await, shop.admin().await, shop.customer().await);
    let product = manager.product("A1", 500, 10).await;
    let hook = Hook::make(&admin, &receiver.url(), &STEPS).await;
    let mut left = 2;
    receiver.answers(move |_| {
        left -= 1;
        if left >= 0 { 503 } else { 200 }
    });
    sent_order(&manager, &customer, &product).await;
    let posts = receiver.arrived(5).await;
    let placed = STEPS[0];
    assert_eq!(types(&posts), [placed, placed, placed, STEPS[1], STEPS[2]]);
    let ids: Vec<_> = posts.iter().map(|post| post.header("webhook-id")).collect();
    assert!(ids[0] == ids[1] && ids[1] == ids[2] && ids[2] != ids[3], "{ids:?}");
    assert!(posts.iter().all(|post| post.is_signed_by(&hook.secret)));
    let log = hook.log_where(&admin, 2, |line| line["status"] == "delivered").await;
    assert_eq!((&log[0]["status"], &log[0]["attempts"]), (&json!("delivered"), &json!(3)));
    assert!(log[0]["error"].is_null() && log[0]["finishedAt"].is_string(), "{log:?}");
}

#[tokio::test]
async fn a_receiver_that_fails_for_good_is_told_nothing_more_until_staff_enables_it() {
    // Without pauses, so that a day is over at once.
    let (shop, receiver) = (shop_with_pause("0").await, Receiver::open().await);
    let (manager, admin, customer) = (shop.manager().await, shop.admin().await, shop.customer().await);
    let product = manager.product("A1", 500, 10).await;
    let hook = Hook::make(&admin, &receiver.url(), &STEPS).await;
    receiver.answers(|_| 500);
    let order_id = order(&customer, &product).await;
    eventually("it is disabled", async || hook.read(&admin).await["status"] == "disabled").await;
    let disabled = hook.read(&admin).await;
    assert_eq!((&disabled["disabledReason"], &disabled["version"]), (&json!("failing"), &json!(2)));
    let log = hook.log(&admin).await;
    assert_eq!(log.len(), 1);
    assert_eq!((&log[0]["status"], &log[0]["attempts"]), (&json!("failed"), &json!(9)));
    assert_eq!((&log[0]["statusCode"], &log[0]["error"]), (&json!(500), &json!("answered 500")));
    assert_eq!(receiver.posts().len(), 9);
    let id = disabled["id"].as_str().unwrap();
    let lines = admin.get(&format!("/api/v1/audit-entries?subject={id}")).await.expect(200).clone();
    let actions: Vec<_> =
        lines.as_array().unwrap().iter().map(|line| (&line["action"], line["actorId"].is_null())).collect();
    assert_eq!(actions, [(&json!("webhook_disabled"), true), (&json!("webhook_created"), false)]);

    // What happens while it is silent is not for it; a ping reaches it all the same.
    customer.pay(&order_id, "pm_card_visa").await.expect(200);
    assert_eq!(hook.ping(&admin).await["isDelivered"], false);
    receiver.answers(|_| 200);
    let pinged = hook.ping(&admin).await;
    assert_eq!((&pinged["isDelivered"], &pinged["statusCode"]), (&json!(true), &json!(200)));
    let enabled = hook.set_status(&admin, "active").await;
    assert_eq!((&enabled["status"], enabled["disabledReason"].is_null()), (&json!("active"), true));
    let parcel = json!({ "carrier": "Post", "trackingNumber": "1" });
    manager.post(&format!("/api/v1/orders/{order_id}/shipments"), parcel).await.expect(200);
    let posts = receiver.arrived(12).await;
    assert_eq!(types(&posts[9..]), ["souk.WebhookPing", "souk.WebhookPing", STEPS[2]]);

    // What was given up is sent again when somebody asks for it.
    let delivery = log[0]["id"].as_str().unwrap();
    let again = format!("{}/deliveries/{delivery}/redelivery", hook.path);
    assert_eq!(admin.post(&again, json!({})).await.expect(202)["status"], "pending");
    let posts = receiver.arrived(13).await;
    assert_eq!(types(&posts[12..]), [STEPS[0]]);
    assert_eq!(posts[12].header("webhook-id"), posts[0].header("webhook-id"));
    let log = hook.log_where(&admin, 0, |line| line["status"] == "delivered").await;
    assert_eq!(log[0]["attempts"], 1);
}

#[tokio::test]
async fn what_waits_for_a_silent_webhook_goes_on_when_it_is_enabled() {
    let (shop, receiver) = (shop_with_pause("3600000").await, Receiver::open().await);
    let (manager, admin, customer) = (shop.manager().await, shop.admin().await, shop.customer().await);
    let product = manager.product("A1", 500, 10).await;
    let hook = Hook::make(&admin, &receiver.url(), &STEPS).await;
    receiver.answers(|_| 500);
    let waiting = sent_order(&manager, &customer, &product).await;
    hook.log_where(&admin, 0, |line| line["attempts"] == 1).await;
    hook.log_where(&admin, 2, |line| line["status"] == "pending").await;
    // 410 says that it wants no more.
    receiver.answers(|_| 410);
    let last = order(&customer, &product).await;
    eventually("it is disabled", async || hook.read(&admin).await["disabledReason"] == "gone").await;
    receiver.answers(|_| 200);
    hook.set_status(&admin, "active").await;
    let posts = receiver.arrived(6).await;
    let of =
        |order: &str| -> Vec<Post> { posts.iter().filter(|post| post.event()["subject"] == order).cloned().collect() };
    assert_eq!(types(&of(&waiting)), [STEPS[0], STEPS[0], STEPS[1], STEPS[2]]);
    assert_eq!(types(&of(&last)), [STEPS[0], STEPS[0]]);
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_holds_nobody_else_up() {
    let (shop, slow, quick) = (shop_with_pause("5000").await, Receiver::open().await, Receiver::open().await);
    let (manager, admin, customer) = (shop.manager().await, shop.admin().await, shop.customer().await);
    let product = manager.product("A1", 500, 20).await;
    slow.shut();
    Hook::make(&admin, &slow.url(), &STEPS).await;
    Hook::make(&admin, &quick.url(), &STEPS).await;
    for _ in 0..6 {
        order(&customer, &product).await;
    }
    assert_eq!(types(&quick.arrived(6).await), [STEPS[0]; 6]);
    // Four at a time, and no more while none is answered.
    assert_eq!(slow.arrived(4).await.len(), 4);
    slow.let_in();
    slow.arrived(6).await;
}

#[tokio::test]
async fn nothing_is_lost_when_the_shop_dies_between_a_commit_and_its_delivery() {
    let mut shop = shop_with_pause("50").await;
    let port = free_port();
    {
        let (manager, admin, customer) = (shop.manager().await, shop.admin().await, shop.customer().await);
        let product = manager.product("A1", 500, 10).await;
        // Nobody is there.
        let url = format!("http://127.0.0.1:{port}/hooks");
        let hook = Hook::make(&admin, &url, &STEPS).await;
        sent_order(&manager, &customer, &product).await;
        let log = hook.log_where(&admin, 2, |line| line["status"] == "pending").await;
        assert_eq!(log.len(), 3);
    }
    shop.kill();
    let receiver = Receiver::open_at(([127, 0, 0, 1], port).into()).await;
    shop.start_again();
    assert_eq!(types(&receiver.arrived(3).await), STEPS);
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn a_secret_is_shown_once_and_after_a_rotation_both_sign_for_a_day() {
    let (shop, receiver) = (shop_with_pause("5000").await, Receiver::open().await);
    let admin = shop.admin().await;
    let new = json!({ "url": receiver.url(), "eventTypes": STEPS, "description": "Warehouse" });
    let made = admin.post_once(PATH, "a key", new.clone()).await.expect(201).clone();
    // A repetition is the same request: its answer was lost.
    let again = admin.post_once(PATH, "a key", new).await;
    assert_eq!((again.expect(201), again.header("idempotent-replayed")), (&made, Some("true")));
    let path = format!("{PATH}/{}", made["id"].as_str().unwrap());
    let secret = |made: &Value| made["secret"].as_str().unwrap().to_owned();
    let hook = Hook { path, secret: secret(&made) };
    let shown = admin.get(PATH).await;
    assert!(!shown.text.contains("secret\"") && !shown.text.contains("ealed"), "{}", shown.text);
    assert_eq!(shown.expect(200).as_array().unwrap().len(), 1);
    assert_eq!(hook.read(&admin).await["eventTypes"].as_array().unwrap().len(), 3);

    let rotated = admin.post_once(&format!("{}/secret", hook.path), "another", json!({})).await.expect(200).clone();
    let next = secret(&rotated);
    assert!(rotated["lastSecretUntil"].is_string() && next != hook.secret, "{}", rotated["lastSecretUntil"]);
    let again = admin.post_once(&format!("{}/secret", hook.path), "another", json!({})).await;
    assert_eq!(secret(again.expect(200)), next);
    assert_eq!(hook.ping(&admin).await["isDelivered"], true);
    let [ping] = receiver.posts().try_into().unwrap();
    assert!(ping.is_signed_by(&hook.secret) && ping.is_signed_by(&next));
    assert_eq!(
        (ping.event()["type"].as_str(), ping.header("webhook-signature").split(' ').count()),
        (Some("souk.WebhookPing"), 2)
    );

    admin.delete(&hook.path).await.expect(200);
    assert_eq!(admin.get(&hook.path).await.failure(), (404, "not_found"));
}

#[tokio::test]
async fn a_ping_tells_what_came_back_in_plain_words() {
    let (shop, receiver) = (shop_with_pause("5000").await, Receiver::open().await);
    let admin = shop.admin().await;
    let hook = Hook::make(&admin, &receiver.url(), &STEPS).await;
    receiver.answers(|_| 302);
    let pinged = hook.ping(&admin).await;
    assert_eq!(pinged["error"], "answered 302, a redirect, which is not followed");
    let nobody = Hook::make(&admin, &format!("http://127.0.0.1:{}/", free_port()), &STEPS).await;
    let pinged = nobody.ping(&admin).await;
    let error = pinged["error"].as_str().unwrap();
    assert!(error.starts_with("no connection") && pinged["statusCode"].is_null(), "{pinged}");
    assert!(nobody.log(&admin).await.is_empty());
}

#[tokio::test]
async fn what_only_the_shop_should_reach_no_webhook_does() {
    let shop = Shop::open().await;
    let receiver = Receiver::open().await;
    let (manager, admin, customer) = (shop.manager().await, shop.admin().await, shop.customer().await);
    let port = receiver.address().port();
    for url in [
        receiver.url(),
        format!("https://127.0.0.1:{port}/"),
        "https://127.0.0.1/".to_owned(),
        "https://0x7f.1/".to_owned(),
        "https://[::ffff:169.254.169.254]/".to_owned(),
        "https://10.0.0.1/".to_owned(),
        "https://user@example.com/".to_owned(),
    ] {
        let refused = admin.post(PATH, json!({ "url": url, "eventTypes": STEPS })).await;
        assert_eq!(
            (refused.failure(), &refused.errors[0]["field"]),
            ((422, "invalid_webhook_url"), &json!("url")),
            "{url}"
        );
    }
    let refused =
        admin.post(PATH, json!({ "url": "https://example.com/", "eventTypes": ["souk.MailRequested"] })).await;
    assert_eq!(refused.failure(), (422, "invalid_event_type"));
    let refused = admin.post(PATH, json!({ "url": "https://example.com/", "eventTypes": [] })).await;
    assert_eq!(refused.failure(), (422, "invalid_event_type"));

    // A name may lead anywhere; that shows when it is asked for.
    let hook = Hook::make(&admin, "https://localhost/", &STEPS).await;
    let reason = json!("the name leads to no address of the Internet");
    assert_eq!(hook.ping(&admin).await["error"], reason);
    let product = manager.product("A1", 500, 10).await;
    order(&customer, &product).await;
    let log = hook.log_where(&admin, 0, |line| line["attempts"] == 1).await;
    assert_eq!((&log[0]["error"], &log[0]["status"]), (&reason, &json!("pending")));
    let stale = admin.put(
        &hook.path,
        "\"7\"",
        json!({ "url": "https://example.com/", "eventTypes": STEPS, "status": "active" }),
    );
    assert_eq!(stale.await.failure(), (412, "stale_version"));
    assert!(receiver.posts().is_empty());
}
