use crate::harness::{Shop, send};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn stock_is_corrected_by_a_number_or_to_one_and_the_ledger_tells_why() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let id = manager.product("S1", 100, 10).await;
    let path = format!("/api/v1/products/{id}/stock");
    let adjust = async |if_match: Option<&str>, body: Value| {
        let mut request = manager.request(Method::POST, &format!("{path}/adjustments")).json(&body);
        if let Some(tag) = if_match {
            request = request.header("If-Match", tag);
        }
        send(request).await
    };
    let order = shop.customer().await;
    order.order(&[(&id, 4)]).await.expect(201);

    assert_eq!(adjust(None, json!({ "delta": 1, "reason": "x" })).await.failure(), (428, "version_required"));
    assert_eq!(adjust(Some("\"1\""), json!({ "delta": 1, "reason": "x" })).await.failure(), (412, "stale_version"));
    assert_eq!(adjust(Some("x"), json!({ "delta": 1, "reason": "x" })).await.failure(), (400, "invalid_if_match"));
    let counted = adjust(Some("\"3\""), json!({ "onHand": 6, "reason": "stocktaking" })).await;
    assert_eq!((&counted.expect(200)["onHand"], &counted.data["available"]), (&json!(6), &json!(2)));
    let below = adjust(Some("*"), json!({ "onHand": 3, "reason": "lost" })).await;
    assert_eq!(below.failure(), (409, "stock_out_of_range"));
    let out = adjust(Some("*"), json!({ "delta": i64::MAX, "reason": "x" })).await;
    assert_eq!(out.failure(), (409, "stock_out_of_range"));
    assert_eq!(adjust(Some("*"), json!({ "delta": 0, "reason": "x" })).await.failure(), (422, "empty_change"));
    assert_eq!(adjust(Some("*"), json!({ "reason": "x" })).await.failure(), (422, "invalid_request"));
    assert_eq!(adjust(Some("*"), json!({ "delta": 1, "reason": "" })).await.failure(), (422, "invalid_reason"));

    let ledger = manager.get(&format!("{path}/movements?limit=2")).await;
    let kinds: Vec<_> = ledger.expect(200).as_array().unwrap().iter().map(|m| m["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["adjusted", "placed"]);
    let next = ledger.metadata["nextCursor"].as_str().unwrap();
    let rest = manager.get(&format!("{path}/movements?cursor={next}")).await;
    assert_eq!(rest.expect(200)[0]["reason"], "delivery");
    assert_eq!(manager.get(&format!("{path}/movements?cursor=!")).await.failure(), (400, "invalid_cursor"));
}
