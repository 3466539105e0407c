use crate::harness::{Shop, send};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn somebody_registers_logs_in_and_reads_their_profile() {
    let shop = Shop::open().await;
    let post = async |path: &str, body: Value| send(shop.request(Method::POST, path).json(&body)).await;
    let new = json!({ "email": "Grace@Example.com", "name": "Grace Hopper", "password": "nanoseconds" });
    let registered = post("/api/v1/customers", new.clone()).await;
    assert_eq!(registered.expect(201)["email"], "grace@example.com");
    assert!(!registered.text.contains("nanoseconds") && !registered.text.contains("argon2"));
    assert_eq!(post("/api/v1/customers", new).await.failure(), (409, "email_taken"));

    let grace = shop.log_in("grace@example.com", "nanoseconds").await;
    assert_eq!(grace.get("/api/v1/customers/me").await.expect(200), &registered.data);

    for (email, password) in [("grace@example.com", "microseconds"), ("nobody@example.com", "nanoseconds")] {
        let refused = post("/api/v1/sessions", json!({ "email": email, "password": password })).await;
        assert_eq!(refused.failure(), (401, "invalid_credentials"));
    }
}

#[tokio::test]
async fn a_registration_is_checked_field_by_field() {
    let shop = Shop::open().await;
    let good = json!({ "email": "a@example.com", "name": "A", "password": "long enough" });
    for (field, value, code) in [
        ("email", json!("nonsense"), "invalid_email"),
        ("name", json!(" "), "invalid_name"),
        ("name", json!("x".repeat(1 << 19)), "invalid_name"),
        ("password", json!("short"), "invalid_password"),
        ("password", json!(7), "invalid_request"),
        ("role", json!("admin"), "invalid_request"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let refused = send(shop.request(Method::POST, "/api/v1/customers").json(&body)).await;
        assert_eq!((refused.failure(), &refused.errors[0]["field"]), ((422, code), &json!(field)), "{refused:?}");
    }
}
