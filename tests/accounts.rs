//! From the wish to be a customer to the wish to be forgotten.

use crate::harness::{PASSWORD, Shop, send};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

fn registration(email: &str) -> Value {
    json!({ "email": email, "name": "Grace Hopper", "password": "nanoseconds" })
}

fn home(is_default: bool) -> Value {
    json!({
        "address": { "recipient": "Grace 𠮷 Hopper", "line1": "1 Harbour Street", "city": "Arlington", "country": "US" },
        "defaultShipping": is_default,
        "defaultBilling": is_default,
    })
}

#[tokio::test]
async fn somebody_registers_confirms_their_address_and_logs_in() {
    let shop = Shop::open().await;
    let registered = shop.post("/api/v1/customers", registration("Grace@Example.com")).await;
    assert_eq!(registered.expect(202), &Value::Null);
    // Before the address is confirmed there is no account.
    assert_eq!(shop.try_log_in("grace@example.com", "nanoseconds").await.failure(), (401, "invalid_credentials"));

    let token = shop.mailed_token("grace@example.com", "verify").await;
    let confirmed = shop.post("/api/v1/email-verifications", json!({ "token": token })).await;
    assert_eq!(confirmed.expect(200)["email"], "grace@example.com");
    assert!(!confirmed.text.contains("argon2"));
    let grace = shop.log_in("grace@example.com", "nanoseconds").await;
    assert_eq!(grace.get("/api/v1/customers/me").await.expect(200), &confirmed.data);

    // The link works once.
    let again = shop.post("/api/v1/email-verifications", json!({ "token": token })).await;
    assert_eq!(again.failure(), (422, "invalid_link"));
}

#[tokio::test]
async fn a_confirmation_that_is_sent_twice_with_its_key_confirms_once() {
    let shop = Shop::open().await;
    shop.post("/api/v1/customers", registration("grace@example.com")).await.expect(202);
    let token = shop.mailed_token("grace@example.com", "verify").await;
    let confirm = || {
        let request = shop.request(Method::POST, "/api/v1/email-verifications").header("Idempotency-Key", "confirm-1");
        send(request.json(&json!({ "token": token })))
    };
    let (first, second) = (confirm().await, confirm().await);
    assert_eq!(first.expect(200), second.expect(200));
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
}

#[tokio::test]
async fn a_key_that_a_stranger_sent_as_well_brings_no_strangers_document() {
    let shop = Shop::open().await;
    let mut tokens = Vec::new();
    for email in ["grace@example.com", "bob@example.com"] {
        shop.post("/api/v1/customers", registration(email)).await.expect(202);
        tokens.push(shop.mailed_token(email, "verify").await);
    }
    let confirm = |token: &str, key: &str| {
        let request = shop.request(Method::POST, "/api/v1/email-verifications").header("Idempotency-Key", key);
        send(request.json(&json!({ "token": token })))
    };
    assert_eq!(confirm(&tokens[0], "1").await.expect(200)["email"], "grace@example.com");
    let refused = confirm(&tokens[1], "1").await;
    assert_eq!((refused.failure(), &refused.data), ((422, "idempotency_key_reused"), &Value::Null));
    assert!(!refused.text.contains("grace"), "{refused:?}");
    assert_eq!(confirm(&tokens[1], "2").await.expect(200)["email"], "bob@example.com");
}

#[tokio::test]
async fn no_answer_tells_whether_an_address_is_registered() {
    let shop = Shop::open().await;
    shop.customer_with("known@example.com", PASSWORD).await;
    let answers = async |email: &str| {
        let mut answers = Vec::new();
        for (path, body) in [
            ("/api/v1/customers", registration(email)),
            ("/api/v1/password-resets", json!({ "email": email })),
            ("/api/v1/sessions", json!({ "email": email, "password": "wrong and long" })),
        ] {
            let mut answer = shop.post(path, body).await;
            answer.headers.remove("x-request-id");
            answer.headers.remove("date");
            let id = answer.metadata["requestId"].as_str().unwrap().to_owned();
            answers.push((answer.status, answer.headers, answer.text.replace(&id, "id")));
        }
        answers
    };
    let (known, unknown) = (answers("known@example.com").await, answers("unknown@example.com").await);
    for (known, unknown) in known.iter().zip(&unknown) {
        assert_eq!((known.0, &known.2), (unknown.0, &unknown.2));
        let told = |headers: &HeaderMap| -> Vec<String> {
            // What is left for this network address grows and shrinks with every request.
            let fixed =
                headers.iter().filter(|(name, _)| !["ratelimit-remaining", "ratelimit-reset"].contains(&name.as_str()));
            fixed.map(|(name, value)| format!("{name}: {value:?}")).collect()
        };
        assert_eq!(told(&known.1), told(&unknown.1));
    }
    // The owner of the address learns of the attempt, without a link that would work.
    let told = shop.mail("known@example.com", "You have an account already").await;
    assert!(!told["text"].as_str().unwrap().contains("#verify="));
    let sent = shop.mails("unknown@example.com").await;
    assert!(sent.iter().all(|mail| mail["subject"] != "Choose a new password"), "{sent:?}");
}

#[tokio::test]
async fn a_registration_is_checked_field_by_field() {
    let shop = Shop::open().await;
    let good = json!({ "email": "someone@example.com", "name": "A", "password": "long enough" });
    for (field, value, code) in [
        ("email", json!("nonsense"), "invalid_email"),
        ("name", json!(" "), "invalid_name"),
        ("name", json!("x".repeat(1 << 19)), "invalid_name"),
        ("password", json!("short"), "invalid_password"),
        ("password", json!("1234567890"), "common_password"),
        ("password", json!("Someone@Example.com"), "common_password"),
        ("password", json!(7), "invalid_request"),
        ("role", json!("admin"), "invalid_request"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let refused = shop.post("/api/v1/customers", body).await;
        assert_eq!((refused.failure(), &refused.errors[0]["field"]), ((422, code), &json!(field)), "{refused:?}");
    }
}

#[tokio::test]
async fn a_profile_with_addresses_is_changed_as_a_whole_and_by_version() {
    let shop = Shop::open().await;
    let grace = shop.customer().await;
    let path = "/api/v1/customers/me";
    let profile = grace.get(path).await;
    assert_eq!((profile.header("etag"), &profile.data["addresses"]), (Some("\"1\""), &json!([])));
    let body = json!({ "name": "Grace 🦇 Hopper", "addresses": [home(true), home(false)] });
    let changed = grace.put(path, "\"1\"", body.clone()).await;
    assert_eq!(changed.expect(200)["addresses"].as_array().unwrap().len(), 2);
    assert_eq!(changed.data["addresses"][0], home(true));
    assert_eq!(grace.get(path).await.expect(200), &changed.data);
    assert_eq!(grace.put(path, "\"1\"", body).await.failure(), (412, "stale_version"));
    let two_defaults = json!({ "name": "Grace", "addresses": [home(true), home(true)] });
    let refused = grace.put(path, "*", two_defaults).await;
    assert_eq!((refused.failure(), &refused.errors[0]["field"]), ((422, "invalid_address"), &json!("addresses")));
    let without = send(grace.request(Method::PUT, path).json(&json!({ "name": "G", "addresses": [] }))).await;
    assert_eq!(without.failure(), (428, "version_required"));
}

#[tokio::test]
async fn an_address_of_mail_is_changed_by_whoever_owns_the_new_one_and_the_old_one_is_told() {
    let shop = Shop::open().await;
    let grace = shop.customer_with("old@example.com", PASSWORD).await;
    let taken = shop.customer_with("taken@example.com", PASSWORD).await;
    let path = "/api/v1/customers/me/email";
    let wrong = grace.post(path, json!({ "newEmail": "new@example.com", "password": "wrong and long" })).await;
    assert_eq!(wrong.failure(), (422, "invalid_credentials"));
    for email in ["new@example.com", &taken.email] {
        grace.post(path, json!({ "newEmail": email, "password": PASSWORD })).await.expect(202);
    }
    let token = shop.mailed_token("new@example.com", "verify").await;
    // Until then everything stays as it is.
    shop.log_in("old@example.com", PASSWORD).await;
    let changed = shop.post("/api/v1/email-verifications", json!({ "token": token })).await;
    assert_eq!((&changed.expect(200)["email"], &changed.data["id"]), (&json!("new@example.com"), &json!(grace.id)));
    shop.log_in("new@example.com", PASSWORD).await;
    assert_eq!(shop.try_log_in("old@example.com", PASSWORD).await.status, 401);
    shop.mail("old@example.com", "Your e-mail address was changed").await;
    // Whoever has the other address gets no link that takes it from them.
    assert!(shop.mails(&taken.email).await.iter().all(|mail| mail["subject"] != "Confirm your new e-mail address"));
}

#[tokio::test]
async fn people_get_all_that_is_kept_of_them() {
    let shop = Shop::open().await;
    let product = shop.manager().await.product("EXPORT", 100, 10).await;
    let grace = shop.customer().await;
    let mut orders = Vec::new();
    for _ in 0..3 {
        orders.push(grace.order(&[(&product, 1)]).await.expect(201)["id"].clone());
    }
    let first = grace.get("/api/v1/customers/me/export?limit=2").await;
    let data = first.expect(200);
    assert_eq!((&data["profile"]["email"], &data["orders"][0]["id"]), (&json!(grace.email), &orders[2]));
    assert_eq!(data["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(data["history"][0]["action"], "customer_registered");
    let next = first.metadata["nextCursor"].as_str().unwrap();
    let second = grace.get(&format!("/api/v1/customers/me/export?limit=2&cursor={next}")).await;
    assert_eq!(second.expect(200)["orders"][0]["id"], orders[0]);
    assert_eq!(second.data["history"][0]["action"], "data_exported");
}

#[tokio::test]
async fn who_is_forgotten_leaves_orders_without_a_name() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let product = manager.product("FORGET", 250, 10).await;
    let grace = shop.customer_with("grace@example.com", PASSWORD).await;
    let body = json!({ "name": "Grace Hopper", "addresses": [home(true)] });
    grace.put("/api/v1/customers/me", "*", body).await.expect(200);
    let order = json!({ "lines": [{ "productId": product, "quantity": 2 }], "shippingAddress": home(true)["address"] });
    let placed = grace.post("/api/v1/orders", order).await;
    let [order, number] = ["id", "number"].map(|field| placed.expect(201)[field].as_str().unwrap().to_owned());

    let wrong = grace.post("/api/v1/customers/me/erasure", json!({ "password": "wrong and long" })).await;
    assert_eq!(wrong.failure(), (422, "invalid_credentials"));
    // The parcel would have nowhere to go.
    let early = grace.post("/api/v1/customers/me/erasure", json!({ "password": PASSWORD })).await;
    assert_eq!(early.failure(), (409, "orders_unsent"));
    assert_eq!(early.errors[0]["details"], json!({ "orders": [number] }));
    grace.post(&format!("/api/v1/orders/{order}/cancel"), json!({})).await.expect(200);
    grace.post("/api/v1/customers/me/erasure", json!({ "password": PASSWORD })).await.expect(200);

    assert_eq!(grace.get("/api/v1/customers/me").await.failure(), (401, "session_ended"));
    assert_eq!(grace.try_refresh().await.failure(), (401, "session_ended"));
    assert_eq!(shop.try_log_in("grace@example.com", PASSWORD).await.failure(), (401, "invalid_credentials"));
    let kept = manager.get(&format!("/api/v1/orders/{order}")).await;
    assert_eq!(
        (&kept.expect(200)["totals"]["grandTotal"]["amountMinor"], &kept.data["shippingAddress"]),
        (&json!(500), &Value::Null)
    );
    let listed = manager.get("/api/v1/customers?q=grace").await;
    assert_eq!(listed.expect(200), &json!([]));
    let erased = manager.get("/api/v1/customers?status=erased").await;
    assert_eq!((&erased.expect(200)[0]["name"], &erased.data[0]["addresses"]), (&json!("Erased customer"), &json!([])));
    assert!(!erased.text.contains("grace@") && !erased.text.contains("Harbour"));
    // The address is free again.
    let again = shop.customer_with("grace@example.com", PASSWORD).await;
    assert_ne!(again.id, grace.id);
}
