//! Passwords that are changed, forgotten and reset.

use crate::harness::{PASSWORD, Shop, send};
use reqwest::Method;
use serde_json::{Value, json};

const OTHER: &str = "another correct horse";

#[tokio::test]
async fn a_changed_password_ends_every_other_session_and_its_owner_is_told() {
    let shop = Shop::open().await;
    let here = shop.customer().await;
    let elsewhere = shop.log_in(&here.email, PASSWORD).await;
    let path = "/api/v1/customers/me/password";
    for (password, new, failure) in [
        ("wrong and long", OTHER, (422, "invalid_credentials")),
        (PASSWORD, "short", (422, "invalid_password")),
        (PASSWORD, "1234567890", (422, "common_password")),
        (PASSWORD, here.email.as_str(), (422, "common_password")),
    ] {
        let refused = here.post(path, json!({ "password": password, "newPassword": new })).await;
        assert_eq!(refused.failure(), failure);
    }
    here.post(path, json!({ "password": PASSWORD, "newPassword": OTHER })).await.expect(200);

    // Sent twice with its key it changes the password once, although the old one is no longer the account's.
    let third = json!({ "password": OTHER, "newPassword": "yet another horse" });
    for replayed in [None, Some("true")] {
        let answer = here.post_once(path, "change-1", third.clone()).await;
        assert_eq!((answer.expect(200), answer.header("idempotent-replayed")), (&Value::Null, replayed));
    }
    here.post(path, json!({ "password": "yet another horse", "newPassword": OTHER })).await.expect(200);

    here.get("/api/v1/customers/me").await.expect(200);
    here.refreshed().await.get("/api/v1/customers/me").await.expect(200);
    assert_eq!(elsewhere.get("/api/v1/customers/me").await.failure(), (401, "session_ended"));
    assert_eq!(elsewhere.try_refresh().await.failure(), (401, "session_ended"));
    assert_eq!(shop.try_log_in(&here.email, PASSWORD).await.failure(), (401, "invalid_credentials"));
    shop.log_in(&here.email, OTHER).await;
    shop.mail(&here.email, "Your password was changed").await;
}

#[tokio::test]
async fn a_forgotten_password_is_reset_by_mail_once() {
    let shop = Shop::open().await;
    let grace = shop.customer().await;
    for _ in 0..2 {
        shop.post("/api/v1/password-resets", json!({ "email": grace.email })).await.expect(202);
    }
    let mails = || async {
        let mails = shop.mails(&grace.email).await;
        mails.into_iter().filter(|mail| mail["subject"] == "Choose a new password").collect::<Vec<_>>()
    };
    crate::harness::eventually("two mails", async || mails().await.len() == 2).await;
    let tokens: Vec<String> = mails()
        .await
        .iter()
        .map(|mail| mail["text"].as_str().unwrap().split_once("#password=").unwrap().1)
        .map(|rest| rest.split_whitespace().next().unwrap().to_owned())
        .collect();
    let reset = async |token: &str, password: &str| {
        shop.post("/api/v1/password-resets/confirmations", json!({ "token": token, "newPassword": password })).await
    };
    assert_eq!(reset("nonsense", OTHER).await.failure(), (422, "invalid_link"));
    assert_eq!(reset(&tokens[0], "1234567890").await.failure(), (422, "common_password"));
    reset(&tokens[0], OTHER).await.expect(200);
    // Neither the same link nor the other one opens the account again.
    for token in &tokens {
        assert_eq!(reset(token, "yet another horse").await.failure(), (422, "invalid_link"));
    }
    assert_eq!(grace.get("/api/v1/customers/me").await.failure(), (401, "session_ended"));
    assert_eq!(grace.try_refresh().await.failure(), (401, "session_ended"));
    shop.log_in(&grace.email, OTHER).await;
    shop.mail(&grace.email, "Your password was changed").await;
}

#[tokio::test]
async fn a_reset_with_a_key_that_a_stranger_sent_as_well_is_not_taken_for_done() {
    let shop = Shop::open().await;
    let (grace, bob) = (shop.customer().await, shop.customer().await);
    let reset = async |email: &str| {
        shop.post("/api/v1/password-resets", json!({ "email": email })).await.expect(202);
        let token = shop.mailed_token(email, "password").await;
        let request = shop.request(Method::POST, "/api/v1/password-resets/confirmations");
        let body = json!({ "token": token, "newPassword": OTHER });
        send(request.header("Idempotency-Key", "reset-1").json(&body)).await
    };
    reset(&grace.email).await.expect(200);
    assert_eq!(reset(&bob.email).await.failure(), (422, "idempotency_key_reused"));
    shop.log_in(&bob.email, PASSWORD).await;
}

#[tokio::test]
async fn two_resets_with_one_token_at_once_change_the_password_once() {
    let shop = Shop::open().await;
    let grace = shop.customer().await;
    shop.post("/api/v1/password-resets", json!({ "email": grace.email })).await.expect(202);
    let token = shop.mailed_token(&grace.email, "password").await;
    let reset = |password: &'static str| {
        shop.post("/api/v1/password-resets/confirmations", json!({ "token": token, "newPassword": password }))
    };
    let (first, second) = tokio::join!(reset("the first horse"), reset("the second horse"));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422]);
}
