//! How much anybody may do in a time. These shops have the rates that every shop has.

use crate::harness::{Answer, Authenticator, PASSWORD, Shop, send};
use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use souk_domain::Rate;
use std::time::Instant;

const TRIES: usize = 1000;

async fn open() -> Shop {
    Shop::open_with(&["--rate-limit-factor", "1"]).await
}

/// So many that came back while the test ran.
fn came_back(rate: Rate, since: Instant) -> usize {
    (since.elapsed().as_secs_f64() / rate.interval().as_secs_f64()).ceil() as usize
}

/// Log-ins with a wrong password, 16 at once; how many were looked at.
async fn stuff(shop: &Shop, email: impl Fn(usize) -> String) -> usize {
    let tries = futures::stream::iter(0..TRIES).map(|n| {
        let body = json!({ "email": email(n), "password": format!("wrong and long {n}") });
        async move { shop.post("/api/v1/sessions", body).await }
    });
    let answers: Vec<Answer> = tries.buffer_unordered(16).collect().await;
    for answer in answers.iter().filter(|answer| answer.status != 401) {
        assert_eq!(answer.failure(), (429, "too_many_requests"));
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=600).contains(&wait), "{wait}");
        // What is left for an account would tell strangers how often somebody tried it.
        assert_ne!(answer.header("ratelimit-limit"), Some("10"));
    }
    answers.iter().filter(|answer| answer.status == 401).count()
}

#[tokio::test]
async fn a_thousand_log_ins_against_one_account_are_ten_guesses() {
    let shop = open().await;
    let started = Instant::now();
    let guesses = stuff(&shop, |_| "ada@souk.example".to_owned()).await;
    let most = Rate::LOG_IN_ACCOUNT.burst as usize;
    assert!((most..=most + came_back(Rate::LOG_IN_ACCOUNT, started)).contains(&guesses), "{guesses} guesses");
    let (_, password) = shop.demo_user("customer");
    assert_eq!(shop.try_log_in("ada@souk.example", &password).await.failure(), (429, "too_many_requests"));
}

#[tokio::test]
async fn a_thousand_log_ins_from_one_address_are_a_hundred_guesses() {
    let shop = open().await;
    let started = Instant::now();
    let guesses = stuff(&shop, |n| format!("somebody-{n}@example.com")).await;
    let most = Rate::LOG_IN_ADDRESS.burst as usize;
    assert!((most..=most + came_back(Rate::LOG_IN_ADDRESS, started)).contains(&guesses), "{guesses} guesses");
}

#[tokio::test]
async fn registrations_and_reset_mails_are_few_for_each_mailbox_and_address() {
    let shop = open().await;
    let register = async |email: String| {
        let body = json!({ "email": email, "name": "A", "password": PASSWORD });
        shop.post("/api/v1/customers", body).await.status
    };
    let reset = async |email: String| shop.post("/api/v1/password-resets", json!({ "email": email })).await.status;
    for _ in 0..Rate::MAILS.burst {
        assert_eq!(reset("victim@example.com".to_owned()).await, 202);
    }
    assert_eq!(reset("victim@example.com".to_owned()).await, 429);
    // Strangers who register the mailbox do not keep its owner from a reset, nor the other way round.
    for _ in 0..Rate::MAILS.burst {
        assert_eq!(register("victim@example.com".to_owned()).await, 202);
    }
    assert_eq!(register("victim@example.com".to_owned()).await, 429);
    let mut resets = 0;
    for n in 0..Rate::RESETS.burst {
        resets += u32::from(reset(format!("somebody-{n}@example.com")).await == 202);
    }
    assert_eq!(resets, Rate::RESETS.burst - Rate::MAILS.burst);
    for n in 0..Rate::REGISTRATIONS.burst - Rate::MAILS.burst {
        assert_eq!(register(format!("new-{n}@example.com")).await, 202);
    }
    assert_eq!(register("one-more@example.com".to_owned()).await, 429);
}

#[tokio::test]
async fn a_stolen_token_guesses_no_password() {
    let shop = open().await;
    let ada = shop.customer().await;
    let path = "/api/v1/customers/me/password";
    let body = json!({ "password": "wrong and long", "newPassword": "another correct horse" });
    let mut answers = Vec::new();
    for _ in 0..Rate::LOG_IN_ACCOUNT.burst + 1 {
        answers.push(ada.post(path, body.clone()).await.status);
    }
    assert!(answers.ends_with(&[429]) && answers[0] == 422, "{answers:?}");
    // With a key it is also looked whether the new password is there already, and that is a guess, too.
    let right = json!({ "password": "wrong and long", "newPassword": PASSWORD });
    assert_eq!(ada.post_once(path, "guess", right.clone()).await.failure(), (429, "too_many_requests"));
    let bob = shop.customer().await;
    let mut answers = Vec::new();
    for n in 0..Rate::LOG_IN_ACCOUNT.burst / 2 + 1 {
        answers.push(bob.post_once(path, &format!("guess-{n}"), body.clone()).await.status);
    }
    assert!(answers.ends_with(&[429]) && answers[0] == 422, "{answers:?}");
    assert_eq!(bob.post_once(path, "guess", right).await.failure(), (429, "too_many_requests"));
}

#[tokio::test]
async fn exports_of_ones_data_count_as_writes() {
    let shop = Shop::open_with(&["--rate-limit-factor", "1"]).await;
    let export = shop.customer().await.get("/api/v1/customers/me/export").await;
    assert_eq!(["ratelimit-limit", "ratelimit-remaining"].map(|name| export.header(name)), [Some("600"), Some("599")]);
}

#[tokio::test]
async fn who_knows_an_address_of_mail_cannot_try_all_numbers_of_orders() {
    let shop = open().await;
    let product = shop.manager().await.product("COUNTED", 100, 10).await;
    let ada = shop.customer().await;
    let number = ada.order(&[(&product, 1)]).await.expect(201)["number"].as_str().unwrap().to_owned();
    let track = async |number: &str, email: &str| {
        shop.post("/api/v1/order-tracking", json!({ "number": number, "email": email })).await
    };
    for n in 0..Rate::TRACKING.burst {
        assert_eq!(track(&format!("S-1999-{n:06}"), &ada.email).await.failure(), (404, "not_found"));
    }
    let refused = track(&number, &ada.email.to_uppercase()).await;
    assert_eq!(refused.failure(), (429, "too_many_requests"));
    // What is left for an address of mail would tell strangers how often somebody tried it.
    assert_ne!(refused.header("ratelimit-limit"), Some("10"));
    // Others find their orders, until the network address has looked too often.
    let mut answers = Vec::new();
    for n in 0..Rate::TRACKING_ADDRESS.burst {
        answers.push(track(&number, &format!("somebody-{n}@example.com")).await.status);
    }
    assert!(answers.ends_with(&[429]) && answers[0] == 404, "{answers:?}");
}

#[tokio::test]
async fn codes_are_guessed_no_faster_than_passwords() {
    let shop = open().await;
    let ada = shop.customer().await;
    Authenticator::set_up(&ada, PASSWORD).await.confirm(&ada).await.expect(200);
    let mut answers = Vec::new();
    for _ in 0..Rate::LOG_IN_ACCOUNT.burst {
        let body = json!({ "email": ada.email, "password": PASSWORD, "code": "000000" });
        answers.push(shop.post("/api/v1/sessions", body).await.status);
    }
    assert!(answers.ends_with(&[429]) && answers[0] == 401, "{answers:?}");
}

#[tokio::test]
async fn writes_are_counted_by_caller_and_told_in_headers() {
    let shop = open().await;
    let (ada, bob) = (shop.customer().await, shop.customer().await);
    let cancel = "/api/v1/orders/01890000-0000-7000-8000-000000000000/cancel";
    let first = ada.post(cancel, json!({})).await;
    assert_eq!((first.status, first.header("ratelimit-limit")), (404, Some("600")));
    let remaining: i64 = first.header("ratelimit-remaining").unwrap().parse().unwrap();
    assert!(remaining >= 590, "{remaining}");
    let (mut refused, started) = (None, Instant::now());
    while refused.is_none() {
        let answers = futures::future::join_all((0..50).map(|_| ada.post(cancel, json!({})))).await;
        refused = answers.into_iter().find(|answer| answer.status == 429);
        assert!(started.elapsed().as_secs() < 60, "600 writes were not too many");
    }
    let refused = refused.unwrap();
    assert_eq!((refused.failure(), refused.header("retry-after")), ((429, "too_many_requests"), Some("1")));
    assert_eq!(bob.post(cancel, json!({})).await.status, 404);
    // Reading is not counted.
    let read = ada.get("/api/v1/orders").await;
    assert_eq!((read.status, read.header("ratelimit-limit")), (200, None));
}

#[tokio::test]
async fn a_forwarded_address_that_anybody_can_write_counts_for_nothing() {
    let shop = open().await;
    let mut limited = 0;
    for n in 0..Rate::REGISTRATIONS.burst + 2 {
        let body: Value = json!({ "email": format!("new-{n}@example.com"), "name": "A", "password": PASSWORD });
        let request = shop.request(Method::POST, "/api/v1/customers").header("X-Forwarded-For", format!("192.0.2.{n}"));
        limited += u32::from(send(request.json(&body)).await.status == 429);
    }
    assert_eq!(limited, 2);
}
