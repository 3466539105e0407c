use crate::harness::{Answer, Shop, order_of, send};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn an_order_has_the_prices_of_its_moment_and_keeps_them() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let (a, b) = (manager.product("A", 250, 10).await, manager.product("B", 999, 10).await);
    let address = json!({ "recipient": "Ada", "line1": "12 St James's Square", "city": "London", "country": "GB" });
    let mut body = order_of(&[(&a, 1), (&b, 2), (&a, 3)]);
    body["shippingAddress"] = address.clone();
    let placed = customer.post("/api/v1/orders", body).await;
    assert_eq!(
        placed.expect(201)["totals"]["grandTotal"],
        json!({ "amountMinor": 4 * 250 + 2 * 999, "currency": "GBP" })
    );
    assert_eq!(placed.data["lines"].as_array().unwrap().len(), 2);
    assert_eq!(placed.data["shippingAddress"], address);
    assert_eq!(placed.header("location").unwrap(), format!("/api/v1/orders/{}", placed.data["id"].as_str().unwrap()));

    let category = manager.category("New").await;
    let new = json!({ "name": "Dearer", "categoryId": category, "price": { "amountMinor": 9999, "currency": "GBP" } });
    manager.put(&format!("/api/v1/products/{a}"), "*", new).await.expect(200);
    let read = customer.get(placed.header("location").unwrap()).await;
    assert_eq!(read.expect(200), &placed.data);
    assert_eq!(customer.get("/api/v1/orders").await.expect(200), &json!([placed.data]));
}

#[tokio::test]
async fn every_shortage_is_told_at_once_and_nothing_is_reserved() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let (a, b, c) =
        (manager.product("A", 1, 2).await, manager.product("B", 1, 0).await, manager.product("C", 1, 9).await);
    let refused = customer.order(&[(&a, 3), (&b, 1), (&c, 1)]).await;
    assert_eq!(refused.failure(), (409, "insufficient_stock"));
    let mut left: Vec<_> = refused
        .errors
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["details"]["sku"].clone(), e["details"]["available"].clone()))
        .collect();
    left.sort_by_key(|(sku, _)| sku.to_string());
    assert_eq!(left, [(json!("A"), json!(2)), (json!("B"), json!(0))]);
    assert_eq!(shop.get(&format!("/api/v1/products/{c}/stock")).await.expect(200)["reserved"], 0);
    assert_eq!(customer.get("/api/v1/orders").await.expect(200), &json!([]));
}

#[tokio::test]
async fn sixty_four_buyers_race_for_ten_pieces_and_ten_are_sold() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let id = manager.product("LAST", 100, 10).await;
    let buyers = join_all((0..8).map(|_| shop.customer())).await;
    // Each order names the product twice: two pieces in all.
    let orders = (0..64).map(|n| {
        let (buyer, id) = (&buyers[n % 8], &id);
        async move { buyer.order(&[(id, 1), (id, 1)]).await }
    });
    let answers = join_all(orders).await;
    let sold = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(sold, 5);
    for loser in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(loser.failure(), (409, "insufficient_stock"));
        assert_eq!(loser.errors[0]["details"]["productId"], json!(id));
        assert!(loser.errors[0]["details"]["available"].as_i64().unwrap() < 2);
    }
    let mut orders = 0;
    for buyer in &buyers {
        orders += buyer.get("/api/v1/orders?limit=100").await.expect(200).as_array().unwrap().len();
    }
    assert_eq!(orders, sold, "no orphan orders");
    assert_ledger_is_stock(&shop, &id, (10, 10)).await;
}

/// The ledger's sums are the stock: on hand and reserved.
async fn assert_ledger_is_stock(shop: &Shop, product: &str, expected: (i64, i64)) {
    let path = format!("/api/v1/products/{product}/stock");
    let stock = shop.get(&path).await;
    let number = |value: &Value| value.as_i64().unwrap();
    assert_eq!((number(&stock.expect(200)["onHand"]), number(&stock.data["reserved"])), expected);
    let ledger = shop.manager().await.get(&format!("{path}/movements?limit=100")).await;
    let sum = |field: &str| ledger.data.as_array().unwrap().iter().map(|m| number(&m[field])).sum::<i64>();
    assert_eq!((sum("onHandChange"), sum("reservedChange")), expected);
}

#[tokio::test]
async fn one_key_sent_twenty_times_at_once_makes_one_order() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let id = manager.product("ONCE", 100, 100).await;
    let sent = (0..20).map(|_| customer.post_once("/api/v1/orders", "the-key", order_of(&[(&id, 3)])));
    let answers: Vec<Answer> = join_all(sent).await;
    assert!(answers.iter().all(|answer| answer.status == 201));
    assert!(answers.iter().all(|answer| answer.text == answers[0].text), "the first body is replayed");
    let replayed = answers.iter().filter(|answer| answer.header("idempotent-replayed") == Some("true")).count();
    assert_eq!(replayed, 19);
    assert_ledger_is_stock(&shop, &id, (100, 3)).await;
    let changed = customer.post_once("/api/v1/orders", "the-key", order_of(&[(&id, 4)])).await;
    assert_eq!(changed.failure(), (422, "idempotency_key_reused"));
    let other = shop.customer().await;
    other.post_once("/api/v1/orders", "the-key", order_of(&[(&id, 4)])).await.expect(201);
    assert_ledger_is_stock(&shop, &id, (100, 7)).await;
}

#[tokio::test]
async fn a_cancelled_order_gives_its_stock_back_once() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let id = manager.product("BACK", 100, 5).await;
    let order = customer.order(&[(&id, 5)]).await;
    let path = format!("{}/cancel", order.header("location").unwrap());
    let cancels = join_all((0..8).map(|_| customer.post(&path, json!({})))).await;
    for cancelled in &cancels {
        assert_eq!(cancelled.expect(200)["status"], "cancelled");
        assert_eq!(cancelled.data, cancels[0].data);
    }
    assert_ledger_is_stock(&shop, &id, (5, 0)).await;
    shop.customer().await.order(&[(&id, 5)]).await.expect(201);
}

#[tokio::test]
async fn orders_of_others_are_not_there() {
    let shop = Shop::open().await;
    let (manager, customer, other) = (shop.manager().await, shop.customer().await, shop.customer().await);
    let id = manager.product("MINE", 100, 5).await;
    let order = customer.order(&[(&id, 1)]).await;
    let path = order.header("location").unwrap();
    assert_eq!(other.get(path).await.failure(), (404, "not_found"));
    assert_eq!(other.post(&format!("{path}/cancel"), json!({})).await.failure(), (404, "not_found"));
    assert_eq!(other.get("/api/v1/orders").await.expect(200), &json!([]));
    manager.get(path).await.expect(200);
}

#[tokio::test]
async fn bad_input_gets_the_right_status_and_writes_nothing() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let id = manager.product("GOOD", 9_007_199_254_740_991, 1_000_000).await;
    let line = |product: Value, quantity: Value| json!({ "lines": [{ "productId": product, "quantity": quantity }] });
    for (body, status, code) in [
        (line(json!(id), json!(0)), 422, "invalid_quantity"),
        (line(json!(id), json!(-1)), 422, "invalid_quantity"),
        (line(json!(id), json!(1_000_001)), 422, "invalid_quantity"),
        (line(json!(id), json!(1e30)), 422, "invalid_request"),
        (line(json!(id), json!(1.5)), 422, "invalid_request"),
        (line(json!(id), json!("1")), 422, "invalid_request"),
        (line(json!(id), Value::Null), 422, "invalid_request"),
        (line(json!("x"), json!(1)), 422, "invalid_id"),
        (line(json!("01890000-0000-7000-8000-000000000000"), json!(1)), 422, "unknown_product"),
        (line(json!(id), json!(2)), 422, "amount_too_large"),
        (json!({ "lines": [] }), 422, "invalid_quantity"),
        (json!({}), 422, "invalid_request"),
        (json!([]), 422, "invalid_request"),
        (json!({ "lines": [], "total": 1 }), 422, "invalid_request"),
        (json!({ "lines": vec![json!({ "productId": id, "quantity": 1 }); 2001] }), 422, "invalid_quantity"),
    ] {
        let refused = customer.post("/api/v1/orders", body.clone()).await;
        assert_eq!(refused.failure(), (status, code), "{body}");
        assert_eq!(refused.data, Value::Null);
    }
    let raw = async |body: Vec<u8>, media_type: &str, key: &[u8]| {
        let request = customer.request(Method::POST, "/api/v1/orders").header("Content-Type", media_type);
        send(request.header("Idempotency-Key", key).body(body)).await
    };
    assert_eq!(raw(b"{".to_vec(), "application/json", b"k").await.failure(), (400, "malformed_body"));
    assert_eq!(raw(b"\xff\xfe".to_vec(), "application/json", b"k").await.failure(), (400, "malformed_body"));
    assert_eq!(raw(vec![b'['; 1 << 16], "application/json", b"k").await.failure(), (422, "invalid_request"));
    assert_eq!(raw(b"{}".to_vec(), "text/plain", b"k").await.failure(), (415, "unsupported_media_type"));
    assert_eq!(raw(vec![b' '; (1 << 20) + 1], "application/json", b"k").await.failure(), (413, "body_too_large"));
    assert_eq!(raw(b"{}".to_vec(), "application/json", &[b'x'; 256]).await.failure(), (400, "invalid_idempotency_key"));
    assert_eq!(raw(b"{}".to_vec(), "application/json", b"\xff").await.failure(), (400, "invalid_idempotency_key"));
    for path in ["/api/v1/orders/x", "/api/v1/orders?limit=0", "/api/v1/orders?cursor=x", "/api/v1/orders?x=1"] {
        assert_eq!(customer.get(path).await.status, 400, "{path}");
    }
    assert_eq!(customer.get("/api/v1/orders").await.expect(200), &json!([]));
    assert_ledger_is_stock(&shop, &id, (1_000_000, 0)).await;
}
