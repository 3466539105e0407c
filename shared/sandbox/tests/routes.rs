//! What the sandbox answers to whoever does not speak as `souk-payments` does: to people, and to mistakes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

use axum::body::Body;
use axum::http::{Method, Request, Response};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use souk_sandbox::{Sandbox, SandboxSettings, methods};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

const PAYMENT: &str = "amount=500&currency=gbp&confirm=true&capture_method=automatic&payment_method=pm_card_visa\
&payment_method_types[]=card&return_url=http://shop.example/&metadata[order_id]=o&metadata[payment_id]=p";

fn sandbox() -> (Sandbox, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let settings = SandboxSettings::new(
        "sk_hush".to_owned().into(),
        "whsec_hush".to_owned().into(),
        "http://127.0.0.1:1/webhooks",
    );
    (Sandbox::open(&folder.path().join("sandbox.db"), settings).unwrap(), folder)
}

async fn send(sandbox: &Sandbox, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path).header("host", "sandbox.example");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    sandbox.router().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// Asks with the secret key, and with an idempotency key unless it is empty.
async fn ask(sandbox: &Sandbox, method: Method, path: &str, key: &str, body: &str) -> (u16, Value) {
    let mut headers = vec![("authorization", "Bearer sk_hush")];
    headers.extend(Some(("idempotency-key", key)).filter(|(_, key)| !key.is_empty()));
    let response = send(sandbox, method, path, &headers, body).await;
    (response.status().as_u16(), serde_json::from_str(&text(response).await).unwrap())
}

async fn pay(sandbox: &Sandbox, body: &str) -> (u16, Value) {
    ask(sandbox, Method::POST, "/v1/payment_intents", "", body).await
}

#[tokio::test]
async fn who_does_not_show_the_secret_key_gets_401_and_nothing_else() {
    let (sandbox, _folder) = sandbox();
    for headers in [vec![], vec![("authorization", "Bearer sk_other")], vec![("authorization", "sk_hush")]] {
        for (method, path) in
            [(Method::POST, "/v1/payment_intents"), (Method::GET, "/v1/refunds"), (Method::GET, "/books")]
        {
            let response = send(&sandbox, method, path, &headers, PAYMENT).await;
            assert_eq!(response.status(), 401);
            let error: Value = serde_json::from_str(&text(response).await).unwrap();
            assert_eq!(error["error"]["type"], "invalid_request_error");
        }
    }
}

#[tokio::test]
async fn every_error_has_stripes_shape() {
    let (sandbox, _folder) = sandbox();
    let large = "x".repeat(70_000);
    for (method, path, body, status) in [
        (Method::GET, "/v1/customers", "", 404),
        (Method::DELETE, "/v1/refunds", "", 404),
        (Method::POST, "/v1/payment_intents", &large, 400),
        (Method::POST, "/v1/payment_intents", "", 400),
        (Method::GET, "/v1/payment_intents/pi_1", "", 404),
        (Method::GET, "/v1/payment_intents/search?query=amount%3E1", "", 400),
        (Method::GET, "/v1/refunds?payment_intent=pi_1", "", 404),
    ] {
        let (found, error) = ask(&sandbox, method, path, "", body).await;
        assert_eq!(found, status, "{path}: {error}");
        assert!(error["error"]["type"].is_string() && error["error"]["message"].is_string(), "{error}");
    }
}

#[tokio::test]
async fn a_wrong_parameter_is_named() {
    let (sandbox, _folder) = sandbox();
    for (right, wrong, param, code) in [
        ("amount=500", "amount=0", "amount", json!("parameter_invalid_integer")),
        ("amount=500", "amount=100000000", "amount", json!("amount_too_large")),
        ("amount=500&", "", "amount", json!("parameter_missing")),
        ("currency=gbp", "currency=GBP", "currency", json!(null)),
        ("confirm=true", "confirm=false", "confirm", json!(null)),
        ("payment_method=pm_card_visa", "payment_method=pm_none", "payment_method", json!("resource_missing")),
        ("return_url=http://shop.example/", "return_url=javascript:alert(1)", "return_url", json!("url_invalid")),
        ("amount=500", "amount=500&colour=red", "colour", json!("parameter_unknown")),
    ] {
        let (status, error) = pay(&sandbox, &PAYMENT.replacen(right, wrong, 1)).await;
        assert_eq!((status, &error["error"]["param"], &error["error"]["code"]), (400, &json!(param), &code), "{error}");
    }
    assert_eq!(ask(&sandbox, Method::GET, "/books", "", "").await.1["payments"], json!([]));
}

#[tokio::test]
async fn a_key_gives_the_first_answer_again_and_takes_no_other_request() {
    let (sandbox, _folder) = sandbox();
    let declined = PAYMENT.replace("pm_card_visa", "pm_card_chargeDeclined");
    let (status, first) = ask(&sandbox, Method::POST, "/v1/payment_intents", "k1", &declined).await;
    assert_eq!((status, &first["error"]["decline_code"]), (402, &json!("generic_decline")));
    assert_eq!(first["error"]["payment_intent"]["status"], "requires_payment_method");
    assert_eq!(ask(&sandbox, Method::POST, "/v1/payment_intents", "k1", &declined).await, (402, first));
    for (path, body) in [("/v1/payment_intents", PAYMENT), ("/v1/refunds", "payment_intent=pi_1")] {
        let (status, error) = ask(&sandbox, Method::POST, path, "k1", body).await;
        assert_eq!((status, &error["error"]["type"]), (400, &json!("idempotency_error")));
    }
}

#[tokio::test]
async fn a_request_that_was_wrong_may_be_corrected_under_its_key() {
    let (sandbox, _folder) = sandbox();
    let wrong = PAYMENT.replace("amount=500", "amount=0");
    assert_eq!(ask(&sandbox, Method::POST, "/v1/payment_intents", "k1", &wrong).await.0, 400);
    assert_eq!(ask(&sandbox, Method::POST, "/v1/payment_intents", "k1", PAYMENT).await.0, 200);
}

#[tokio::test]
async fn the_books_come_in_pages_with_what_all_of_them_come_to() {
    let (sandbox, _folder) = sandbox();
    for body in [PAYMENT.to_owned(), PAYMENT.replace("automatic", "manual"), PAYMENT.replace("gbp", "eur")] {
        assert_eq!(pay(&sandbox, &body).await.0, 200);
    }
    let books = ask(&sandbox, Method::GET, "/books?limit=2", "", "").await.1;
    assert_eq!((books["payments"].as_array().unwrap().len(), &books["has_more"]), (2, &json!(true)));
    let first = &books["payments"][0];
    let refund = format!("payment_intent={}&amount=120&metadata[operation_id]=op", first["id"].as_str().unwrap());
    assert_eq!(ask(&sandbox, Method::POST, "/v1/refunds", "", &refund).await.0, 200);
    let next = format!("/books?starting_after={}", books["payments"][1]["id"].as_str().unwrap());
    let rest = ask(&sandbox, Method::GET, &next, "", "").await.1;
    assert_eq!((rest["payments"][0]["currency"].as_str(), &rest["has_more"]), (Some("eur"), &json!(false)));
    let totals = json!([
        {"currency": "eur", "payments": 1, "captured": 500, "held": 0, "refunded": 0, "refund_pending": 0},
        {"currency": "gbp", "payments": 2, "captured": 500, "held": 500, "refunded": 120, "refund_pending": 0},
    ]);
    assert_eq!(rest["totals"], totals);
    let first = ask(&sandbox, Method::GET, "/books", "", "").await.1["payments"][0].clone();
    assert_eq!(
        (&first["order_id"], &first["payment_id"], &first["metadata"]["order_id"]),
        (&json!("o"), &json!("p"), &json!("o"))
    );
    assert_eq!(
        (&first["state"], &first["refunded"], &first["refunds"][0]["operation_id"]),
        (&json!("succeeded"), &json!(120), &json!("op"))
    );
}

#[tokio::test]
async fn pages_show_what_they_are_given_as_text_and_no_secret() {
    let (sandbox, _folder) = sandbox();
    let nasty =
        PAYMENT.replace("order_id]=o", "order_id]=<script>alert(1)</script>").replace("visa", "authenticationRequired")
            + "&description=<img src=x>";
    let (status, payment) = pay(&sandbox, &nasty).await;
    assert_eq!(status, 200);
    let challenge = payment["next_action"]["redirect_to_url"]["url"].as_str().unwrap();
    let challenge = challenge.strip_prefix("http://sandbox.example").unwrap();
    for path in ["/", challenge] {
        let response = send(&sandbox, Method::GET, path, &[], "").await;
        assert!(response.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
        let page = text(response).await;
        assert!(page.contains("&lt;") && !page.contains("<script") && !page.contains("<img"), "{page}");
        assert!(!page.contains("hush"), "{page}");
    }
}

#[tokio::test]
async fn the_page_lists_every_payment_method() {
    let (sandbox, _folder) = sandbox();
    let page = text(send(&sandbox, Method::GET, "/", &[], "").await).await;
    assert!(methods().iter().all(|method| page.contains(method.name)));
}

#[tokio::test]
async fn the_delivery_of_webhooks_stops_when_it_is_told_to() {
    let (sandbox, _folder) = sandbox();
    let stop = CancellationToken::new();
    let delivery = tokio::spawn({
        let (sandbox, stop) = (sandbox.clone(), stop.clone());
        async move { sandbox.deliver_webhooks(stop).await }
    });
    pay(&sandbox, PAYMENT).await;
    stop.cancel();
    tokio::time::timeout(std::time::Duration::from_secs(20), delivery).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_file_of_another_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sandbox.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    let settings = SandboxSettings::new("k".to_owned().into(), "w".to_owned().into(), "http://127.0.0.1:1/");
    assert!(matches!(Sandbox::open(&path, settings), Err(souk_domain::Error::Internal(_))));
}
