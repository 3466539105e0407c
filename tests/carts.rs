//! Carts of guests and customers, from the first line to the order.

use crate::harness::{Answer, PASSWORD, Shop, send};
use reqwest::Method;
use serde_json::{Value, json};

fn line(product: &str, quantity: i64) -> Value {
    json!({ "productId": product, "quantity": quantity })
}

fn id(answer: &Answer) -> String {
    answer.data["id"].as_str().unwrap().to_owned()
}

/// The lines of a cart as its buyer saw them.
fn seen(cart: &Value) -> Value {
    let lines = cart["lines"].as_array().unwrap().iter();
    let lines: Vec<Value> = lines
        .map(|line| json!({ "productId": line["productId"], "quantity": line["quantity"], "unitPrice": line["unitPrice"] }))
        .collect();
    json!({ "lines": lines })
}

fn quantities(cart: &Value) -> Vec<(String, i64)> {
    let lines = cart["lines"].as_array().unwrap().iter();
    lines.map(|line| (line["sku"].as_str().unwrap().to_owned(), line["quantity"].as_i64().unwrap())).collect()
}

#[tokio::test]
async fn a_guest_fills_a_cart_and_changes_it() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let (a, b) = (manager.product("CART-A", 150, 10).await, manager.product("CART-B", 1000, 10).await);
    let cart = shop.post("/api/v1/carts", json!({})).await;
    assert_eq!((&cart.expect(201)["lines"], &cart.data["customerId"]), (&json!([]), &Value::Null));
    let path = cart.header("location").unwrap().to_owned();
    let lines = format!("{path}/lines");
    shop.post(&lines, line(&a, 2)).await.expect(200);
    shop.post(&lines, line(&b, 1)).await.expect(200);
    let added = shop.post(&lines, line(&a, 3)).await;
    assert_eq!(quantities(added.expect(200)), [("CART-A".to_owned(), 5), ("CART-B".to_owned(), 1)]);
    assert_eq!(added.data["total"], json!({ "amountMinor": 1750, "currency": "GBP" }));
    let first = &added.data["lines"][0];
    assert_eq!((&first["available"], &first["changes"]), (&json!(10), &json!([])));

    let set = send(shop.request(Method::PUT, &format!("{lines}/{a}")).json(&json!({ "quantity": 1 }))).await;
    assert_eq!(set.expect(200)["total"]["amountMinor"], 1150);
    for _ in 0..2 {
        let removed = send(shop.request(Method::DELETE, &format!("{lines}/{b}"))).await;
        assert_eq!(quantities(removed.expect(200)), [("CART-A".to_owned(), 1)]);
    }
    let missing = send(shop.request(Method::PUT, &format!("{lines}/{b}")).json(&json!({ "quantity": 1 }))).await;
    assert_eq!(missing.failure(), (404, "not_found"));
    let unknown = "01890000-0000-7000-8000-000000000000";
    assert_eq!(shop.post(&lines, line(unknown, 1)).await.failure(), (422, "unknown_product"));
    assert_eq!(shop.post(&lines, line(&a, 0)).await.failure(), (422, "invalid_quantity"));
    assert_eq!(shop.post(&lines, line(&a, 1_000_000)).await.failure(), (422, "invalid_quantity"));
    assert_eq!(shop.get(&format!("/api/v1/carts/{unknown}")).await.failure(), (404, "not_found"));
    assert_eq!(shop.get("/api/v1/carts/nonsense").await.failure(), (400, "invalid_id"));
}

#[tokio::test]
async fn a_line_that_is_sent_twice_with_its_key_is_added_once() {
    let shop = Shop::open().await;
    let product = shop.manager().await.product("TWICE", 100, 10).await;
    let cart = shop.post("/api/v1/carts", json!({})).await.header("location").unwrap().to_owned();
    let add = |quantity: i64| {
        let request = shop.request(Method::POST, &format!("{cart}/lines")).header("Idempotency-Key", "add-1");
        send(request.json(&line(&product, quantity)))
    };
    add(2).await.expect(200);
    let again = add(2).await;
    assert_eq!((quantities(again.expect(200))[0].1, again.header("idempotent-replayed")), (2, Some("true")));
    assert_eq!(add(3).await.failure(), (422, "idempotency_key_reused"));
}

#[tokio::test]
async fn two_tabs_lose_nothing_of_each_other() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let (a, b) = (manager.product("TAB-A", 100, 1000).await, manager.product("TAB-B", 100, 1000).await);
    let ada = shop.customer().await;
    let cart = ada.post("/api/v1/carts", json!({})).await.header("location").unwrap().to_owned();
    let lines = format!("{cart}/lines");
    let tab = async |product: &str| {
        for _ in 0..20 {
            ada.post(&lines, line(product, 1)).await.expect(200);
            ada.post(&lines, line(&a, 1)).await.expect(200);
        }
    };
    tokio::join!(tab(&a), tab(&b));
    let mut held = quantities(ada.get(&cart).await.expect(200));
    held.sort();
    assert_eq!(held, [("TAB-A".to_owned(), 60), ("TAB-B".to_owned(), 20)]);
}

#[tokio::test]
async fn the_cart_of_a_guest_becomes_the_customers_at_log_in() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let (a, b) = (manager.product("MERGE-A", 100, 10).await, manager.product("MERGE-B", 100, 10).await);
    let ada = shop.customer().await;
    let own = ada.post("/api/v1/carts", json!({})).await;
    let own_lines = format!("/api/v1/carts/{}/lines", id(&own));
    ada.post(&own_lines, line(&a, 1)).await.expect(200);
    let guests = shop.post("/api/v1/carts", json!({})).await;
    for product in [&a, &b] {
        shop.post(&format!("/api/v1/carts/{}/lines", id(&guests)), line(product, 2)).await.expect(200);
    }
    let body = json!({ "email": ada.email, "password": PASSWORD, "cartId": id(&guests) });
    for _ in 0..2 {
        let logged_in = shop.post("/api/v1/sessions", body.clone()).await;
        assert_eq!(logged_in.expect(200)["cartId"], own.data["id"]);
    }
    let merged = ada.get(&format!("/api/v1/carts/{}", id(&own))).await;
    assert_eq!(quantities(merged.expect(200)), [("MERGE-A".to_owned(), 3), ("MERGE-B".to_owned(), 2)]);
    assert_eq!(shop.get(&format!("/api/v1/carts/{}", id(&guests))).await.failure(), (404, "not_found"));
    // Opening a cart finds the same one, and merges as well; what is somebody else's is left alone.
    let eve = shop.customer().await;
    let evil = eve.post("/api/v1/carts", json!({ "from": id(&own) })).await;
    assert_eq!((evil.expect(201)["lines"].clone(), id(&evil) == id(&own)), (json!([]), false));
    assert_eq!(id(&ada.post("/api/v1/carts", json!({})).await), id(&own));
}

#[tokio::test]
async fn the_cart_of_a_customer_is_there_for_nobody_else() {
    let shop = Shop::open().await;
    let product = shop.manager().await.product("MINE", 100, 10).await;
    let (ada, eve) = (shop.customer().await, shop.customer().await);
    let cart = ada.post("/api/v1/carts", json!({})).await.header("location").unwrap().to_owned();
    ada.post(&format!("{cart}/lines"), line(&product, 1)).await.expect(200);
    let checkout = json!({ "lines": [{ "productId": product, "quantity": 1, "unitPrice": { "amountMinor": 100, "currency": "GBP" } }] });
    for answer in [
        eve.get(&cart).await,
        eve.post(&format!("{cart}/lines"), line(&product, 1)).await,
        send(eve.request(Method::PUT, &format!("{cart}/lines/{product}")).json(&json!({ "quantity": 9 }))).await,
        eve.delete(&format!("{cart}/lines/{product}")).await,
        eve.post(&format!("{cart}/checkout"), checkout).await,
        shop.get(&cart).await,
        shop.manager().await.get(&cart).await,
    ] {
        assert_eq!(answer.failure(), (404, "not_found"));
    }
    assert_eq!(quantities(ada.get(&cart).await.expect(200)), [("MINE".to_owned(), 1)]);
}

#[tokio::test]
async fn two_people_who_check_the_cart_of_a_guest_out_at_once_get_one_order() {
    let shop = Shop::open().await;
    let product = shop.manager().await.product("RACE", 100, 100).await;
    let cart = shop.post("/api/v1/carts", json!({})).await.header("location").unwrap().to_owned();
    let filled = shop.post(&format!("{cart}/lines"), line(&product, 1)).await;
    let (ada, eve) = (shop.customer().await, shop.customer().await);
    let (path, body) = (format!("{cart}/checkout"), seen(filled.expect(200)));
    let (first, second) = tokio::join!(ada.post(&path, body.clone()), eve.post(&path, body.clone()));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    assert_eq!(shop.get(&format!("/api/v1/products/{product}/stock")).await.expect(200)["reserved"], 1);
}

#[tokio::test]
async fn a_cart_becomes_an_order_once() {
    let shop = Shop::open().await;
    let product = shop.manager().await.product("ONCE", 100, 100).await;
    let ada = shop.customer().await;
    let cart = ada.post("/api/v1/carts", json!({})).await;
    let path = cart.header("location").unwrap().to_owned();
    let filled = ada.post(&format!("{path}/lines"), line(&product, 2)).await;
    let body = seen(filled.expect(200));
    let checkout_path = format!("{path}/checkout");
    let checkout = || ada.post(&checkout_path, body.clone());
    let orders = futures::future::join_all((0..8).map(|_| checkout())).await;
    let first = orders[0].expect(201)["id"].clone();
    assert!(orders.iter().all(|order| order.expect(201)["id"] == first), "{orders:?}");
    let late = checkout().await;
    assert_eq!((&late.expect(201)["id"], late.header("idempotent-replayed")), (&first, Some("true")));
    assert_eq!(shop.get(&format!("/api/v1/products/{product}/stock")).await.expect(200)["reserved"], 2);

    let ordered = ada.get(&path).await;
    assert_eq!((&ordered.expect(200)["orderId"], &ordered.data["lines"]), (&first, &json!([])));
    assert_eq!(ada.post(&format!("{path}/lines"), line(&product, 1)).await.failure(), (409, "cart_ordered"));
    let mut other = body.clone();
    other["lines"][0]["quantity"] = json!(1);
    assert_eq!(ada.post(&format!("{path}/checkout"), other).await.failure(), (409, "cart_ordered"));
    assert_ne!(id(&ada.post("/api/v1/carts", json!({})).await), id(&cart));
}

#[tokio::test]
async fn a_guest_checks_out_after_logging_in() {
    let shop = Shop::open().await;
    let product = shop.manager().await.product("GUEST", 100, 100).await;
    let cart = shop.post("/api/v1/carts", json!({})).await.header("location").unwrap().to_owned();
    let filled = shop.post(&format!("{cart}/lines"), line(&product, 2)).await;
    let path = format!("{cart}/checkout");
    assert_eq!(shop.post(&path, seen(filled.expect(200))).await.failure(), (401, "unauthenticated"));
    let (ada, eve) = (shop.customer().await, shop.customer().await);
    let order = ada.post(&path, seen(&filled.data)).await;
    assert_eq!(order.expect(201)["customerId"], json!(ada.id));
    assert_eq!(eve.post(&path, seen(&filled.data)).await.failure(), (409, "cart_ordered"));
}

#[tokio::test]
async fn whatever_changed_since_the_buyer_looked_is_told_line_by_line_before_anything_is_ordered() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let mut products = Vec::new();
    for sku in ["SAME", "DEARER", "SCARCE", "GONE"] {
        products.push(manager.product(sku, 100, 10).await);
    }
    let ada = shop.customer().await;
    let cart = ada.post("/api/v1/carts", json!({})).await.header("location").unwrap().to_owned();
    for product in &products {
        ada.post(&format!("{cart}/lines"), line(product, 5)).await.expect(200);
    }
    let before = seen(ada.get(&cart).await.expect(200));

    let path = |n: usize| format!("/api/v1/products/{}", products[n]);
    let dearer = shop.get(&path(1)).await;
    let mut body = json!({ "name": "Dearer", "price": { "amountMinor": 120, "currency": "GBP" } });
    body["categoryId"] = dearer.data["categoryId"].clone();
    manager.put(&path(1), "*", body).await.expect(200);
    shop.customer().await.order(&[(&products[2], 8)]).await.expect(201);
    let now = ada.get(&cart).await;
    let changes = |n: usize| now.data["lines"][n]["changes"].clone();
    assert_eq!([0, 1, 2].map(changes), [json!([]), json!(["price_changed"]), json!(["insufficient_stock"])]);
    assert_eq!(
        (&now.data["lines"][1]["unitPrice"]["amountMinor"], &now.data["lines"][2]["available"]),
        (&json!(120), &json!(2))
    );

    let refused = ada.post(&format!("{cart}/checkout"), before.clone()).await;
    assert_eq!(refused.status, 409);
    let mut told: Vec<_> = refused
        .errors
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["code"].as_str().unwrap(), error["details"].clone()))
        .collect();
    told.sort_by_key(|(code, _)| *code);
    assert_eq!(told.len(), 2, "{refused:?}");
    assert_eq!((told[0].0, &told[0].1["available"]), ("insufficient_stock", &json!(2)));
    assert_eq!((told[1].0, &told[1].1["price"]["amountMinor"]), ("price_changed", &json!(120)));
    assert_eq!(told[1].1["agreed"]["amountMinor"], 100);

    manager.post(&format!("{}/discontinue", path(3)), json!({})).await.expect(200);
    let gone = ada.post(&format!("{cart}/checkout"), before.clone()).await;
    assert_eq!(
        (gone.failure(), &gone.errors[0]["details"]["productId"]),
        ((409, "product_discontinued"), &json!(products[3]))
    );
    assert_eq!(ada.get(&cart).await.data["lines"][3]["changes"], json!(["product_discontinued"]));
    assert_eq!(
        ada.post(&format!("{cart}/lines"), line(&products[3], 1)).await.failure(),
        (409, "product_discontinued")
    );

    // Another tab takes two lines out and one down: the first tab learns of it, and nothing is ordered.
    for product in &products[2..] {
        ada.delete(&format!("{cart}/lines/{product}")).await.expect(200);
    }
    let set = ada.request(Method::PUT, &format!("{cart}/lines/{}", products[0])).json(&json!({ "quantity": 1 }));
    let fine = send(set).await;
    let stale = ada.post(&format!("{cart}/checkout"), before).await;
    assert_eq!((stale.failure(), stale.errors.as_array().unwrap().len()), ((409, "cart_changed"), 3));
    assert_eq!(ada.get("/api/v1/orders").await.expect(200), &json!([]));
    let order = ada.post(&format!("{cart}/checkout"), seen(fine.expect(200))).await;
    assert_eq!(order.expect(201)["totals"]["grandTotal"]["amountMinor"], 100 + 5 * 120);
}

#[tokio::test]
async fn a_check_out_that_is_repeated_does_not_show_what_staff_wrote_meanwhile() {
    let shop = Shop::open().await;
    let (manager, ada) = (shop.manager().await, shop.customer().await);
    let product = manager.product("SECRETS", 100, 10).await;
    let cart = ada.post("/api/v1/carts", json!({})).await.expect(201)["id"].as_str().unwrap().to_owned();
    let line = json!({ "productId": product, "quantity": 1 });
    ada.post(&format!("/api/v1/carts/{cart}/lines"), line).await.expect(200);
    let price = json!({ "amountMinor": 100, "currency": "GBP" });
    let seen = json!({ "lines": [{ "productId": product, "quantity": 1, "unitPrice": price }] });
    let path = format!("/api/v1/carts/{cart}/checkout");
    let order = ada.post(&path, seen.clone()).await.expect(201)["id"].as_str().unwrap().to_owned();
    manager.act(&order, "notes", json!({ "text": "looks like fraud" })).await.expect(200);
    let again = ada.post(&path, seen).await;
    assert_eq!((&again.expect(201)["id"], again.text.contains("fraud")), (&json!(order), false));
}
