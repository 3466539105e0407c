//! Sessions: tokens that follow each other, and how they end.

use crate::harness::{Browser, PASSWORD, Proxy, Shop, eventually, send};
use reqwest::Method;
use serde_json::{Value, json};
use souk_local::Tasks;
use tempfile::TempDir;

#[tokio::test]
async fn a_refresh_token_brings_the_next_tokens() {
    let shop = Shop::open().await;
    let mut ada = shop.customer().await;
    assert_eq!(ada.get("/api/v1/customers/me").await.header("cache-control"), Some("no-store"));
    assert_eq!(ada.try_refresh().await.header("cache-control"), Some("no-store"));
    for _ in 0..3 {
        let next = ada.refreshed().await;
        assert_ne!(next.refresh_token, ada.refresh_token);
        next.get("/api/v1/customers/me").await.expect(200);
        ada = next;
    }
    for token in ["", "nonsense", "01890000-0000-7000-8000-000000000000.secret"] {
        let refused = shop.post("/api/v1/sessions/refresh", json!({ "refreshToken": token })).await;
        assert_eq!(refused.failure(), (401, "session_ended"), "{token}");
    }
}

#[tokio::test]
async fn two_tabs_that_refresh_at_once_both_go_on_with_the_same_token() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let tabs = futures::future::join_all((0..8).map(|_| ada.refreshed())).await;
    assert!(tabs.iter().all(|tab| tab.refresh_token == tabs[0].refresh_token));
    for tab in &tabs {
        tab.get("/api/v1/customers/me").await.expect(200);
    }
    tabs[7].refreshed().await.get("/api/v1/customers/me").await.expect(200);
}

#[tokio::test]
async fn a_token_that_is_shown_after_its_successor_was_used_ends_the_session_for_everybody() {
    let shop = Shop::open().await;
    let stolen = shop.customer().await;
    let elsewhere = shop.log_in(&stolen.email, PASSWORD).await;
    let owner = stolen.refreshed().await.refreshed().await;
    assert_eq!(stolen.try_refresh().await.failure(), (401, "session_ended"));
    assert_eq!(owner.try_refresh().await.failure(), (401, "session_ended"));
    assert_eq!(owner.get("/api/v1/customers/me").await.failure(), (401, "session_ended"));
    // Their other log-in is another family.
    elsewhere.refreshed().await.get("/api/v1/customers/me").await.expect(200);
}

#[tokio::test]
async fn who_logs_out_is_out_at_once() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let elsewhere = shop.log_in(&ada.email, PASSWORD).await;
    ada.delete("/api/v1/sessions/current").await.expect(200);
    assert_eq!(ada.get("/api/v1/customers/me").await.failure(), (401, "session_ended"));
    assert_eq!(ada.try_refresh().await.failure(), (401, "session_ended"));
    assert_eq!(Browser::connect(&shop, &format!("?access_token={}", ada.token)).await.err(), Some(401));
    elsewhere.get("/api/v1/customers/me").await.expect(200);
}

#[tokio::test]
async fn who_logs_out_everywhere_is_out_everywhere_and_may_come_in_again() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let elsewhere = shop.log_in(&ada.email, PASSWORD).await;
    ada.delete("/api/v1/sessions").await.expect(200);
    for person in [&ada, &elsewhere] {
        assert_eq!(person.get("/api/v1/customers/me").await.failure(), (401, "session_ended"));
        assert_eq!(person.try_refresh().await.failure(), (401, "session_ended"));
    }
    let again = shop.log_in(&ada.email, PASSWORD).await;
    again.refreshed().await.get("/api/v1/customers/me").await.expect(200);
}

#[tokio::test]
async fn people_see_and_end_their_own_sessions_and_nobody_elses() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let request = shop.request(Method::POST, "/api/v1/sessions").header("User-Agent", "Téléphone 7");
    let phone = send(request.json(&json!({ "email": ada.email, "password": PASSWORD }))).await;
    let phone = shop.logged_in(&phone);
    let eve = shop.customer().await;

    let sessions = ada.get("/api/v1/sessions").await;
    let listed = sessions.expect(200).as_array().unwrap().clone();
    assert_eq!(listed.len(), 2);
    let other = listed.iter().find(|session| session["isCurrent"] == false).unwrap();
    assert_eq!(other["userAgent"], "Téléphone 7");
    let path = format!("/api/v1/sessions/{}", other["id"].as_str().unwrap());
    assert_eq!(eve.delete(&path).await.failure(), (404, "not_found"));
    phone.get("/api/v1/customers/me").await.expect(200);
    ada.delete(&path).await.expect(200);
    assert_eq!(phone.get("/api/v1/customers/me").await.failure(), (401, "session_ended"));
    assert_eq!(phone.try_refresh().await.failure(), (401, "session_ended"));
    assert_eq!(ada.get("/api/v1/sessions").await.expect(200).as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_new_key_signs_and_tokens_of_the_last_one_stay_good() {
    let mut shop = Shop::open().await;
    let (old, email) = {
        let ada = shop.customer().await;
        (ada.token.clone(), ada.email.clone())
    };
    let keys = async |shop: &Shop| -> Vec<Value> {
        let answer = send(shop.request(Method::GET, "/.well-known/jwks.json")).await;
        let set: Value = serde_json::from_str(&answer.text).unwrap();
        set["keys"].as_array().unwrap().clone()
    };
    let profile = async |shop: &Shop, token: &str| {
        send(shop.request(Method::GET, "/api/v1/customers/me").bearer_auth(token)).await.status
    };
    let first = keys(&shop).await;
    assert_eq!(first.len(), 1);
    shop.stop();
    shop.start_again_with(&["--rotate-token-key"]);
    let second = keys(&shop).await;
    assert_eq!((second.len(), &second[1]), (2, &first[0]));
    assert_eq!(profile(&shop, &old).await, 200);
    let new = shop.log_in(&email, PASSWORD).await.token.clone();
    assert_eq!(profile(&shop, &new).await, 200);
    shop.stop();
    shop.start_again_with(&["--rotate-token-key"]);
    assert_eq!((profile(&shop, &old).await, profile(&shop, &new).await), (401, 200));
}

/// A shop whose Redis stands behind a proxy.
pub async fn shop_behind_proxy(arguments: &[&str]) -> (Shop, Proxy, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let redis = souk_local::start_redis(folder.path(), &Tasks::default()).await.unwrap();
    let proxy = Proxy::start(redis.trim_start_matches("redis://")).await;
    let url = format!("redis://{}", proxy.address);
    let shop = Shop::open_with(&[&["--redis-url", &url], arguments].concat()).await;
    (shop, proxy, folder)
}

#[tokio::test]
async fn without_redis_people_come_in_and_what_was_ended_meanwhile_stays_ended() {
    let (shop, proxy, _folder) = shop_behind_proxy(&[]).await;
    let ada = shop.customer().await;
    let elsewhere = shop.log_in(&ada.email, PASSWORD).await;
    proxy.cut();

    // Who is in stays in, and who comes gets an access token; sessions cannot be kept, so there is no refresh token.
    ada.get("/api/v1/customers/me").await.expect(200);
    let came = shop.try_log_in(&ada.email, PASSWORD).await;
    assert_eq!(came.expect(200).get("refreshToken"), None);
    shop.logged_in(&came).get("/api/v1/customers/me").await.expect(200);
    assert_eq!(shop.try_log_in(&ada.email, "wrong and long").await.failure(), (401, "invalid_credentials"));
    let bad = send(shop.request(Method::GET, "/api/v1/customers/me").bearer_auth("nonsense")).await;
    assert_eq!(bad.failure(), (401, "invalid_token"));
    // Nobody is told that a session ended which did not: a refresh waits, and so does what only Redis could do.
    assert_eq!(ada.try_refresh().await.failure(), (503, "unavailable"));
    assert_eq!(ada.delete("/api/v1/sessions/current").await.failure(), (503, "unavailable"));
    for answer in [ada.get("/api/v1/sessions").await, ada.post("/api/v1/carts", json!({})).await] {
        assert_eq!(answer.failure(), (503, "unavailable"));
    }
    let exported = ada.get("/api/v1/customers/me/export").await;
    assert_eq!(exported.expect(200)["sessions"], json!([]));
    // The store remembers that every session is over.
    ada.delete("/api/v1/sessions").await.expect(200);

    proxy.restore();
    eventually("Redis is used again", async || shop.get("/api/v1/ready").await.expect(200)["status"] == "ok").await;
    assert_eq!(elsewhere.try_refresh().await.failure(), (401, "session_ended"));
    let again = shop.log_in(&ada.email, PASSWORD).await;
    again.refreshed().await.get("/api/v1/customers/me").await.expect(200);
}

#[tokio::test]
async fn a_redis_that_lost_everything_lets_nobody_in_without_a_password_and_nobody_is_locked_out() {
    let (shop, _proxy, _folder) = shop_behind_proxy(&[]).await;
    let (ada, eve) = (shop.customer().await, shop.customer().await);
    eve.delete("/api/v1/sessions/current").await.expect(200);
    let url = shop.banner["redis"].as_str().unwrap().trim_start_matches("redis://").to_owned();
    let mut redis = tokio::net::TcpStream::connect(url).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut redis, b"*1\r\n$8\r\nFLUSHALL\r\n").await.unwrap();
    let mut answer = [0; 5];
    tokio::io::AsyncReadExt::read_exact(&mut redis, &mut answer).await.unwrap();
    assert_eq!(&answer, b"+OK\r\n");

    // Good tokens stay good until they expire; refreshing needs the session, which is gone.
    ada.get("/api/v1/customers/me").await.expect(200);
    for person in [&ada, &eve] {
        assert_eq!(person.try_refresh().await.failure(), (401, "session_ended"));
    }
    shop.log_in(&ada.email, PASSWORD).await.refreshed().await;
}

#[tokio::test]
async fn without_redis_guessing_stays_slow() {
    let (shop, proxy, _folder) = shop_behind_proxy(&["--rate-limit-factor", "1"]).await;
    proxy.cut();
    let mut answers = Vec::new();
    for _ in 0..15 {
        answers.push(shop.try_log_in("ada@souk.example", "wrong and long").await.status);
    }
    assert_eq!(answers[0], 401);
    assert_eq!(answers[14], 429, "{answers:?}");
}
