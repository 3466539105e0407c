//! Tax, shipping and coupons, from the rule to the order.

use crate::harness::{Person, Shop, order_of, send};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

fn minor(value: &Value) -> i64 {
    value["amountMinor"].as_i64().unwrap()
}

fn wish(product: &str, pieces: i64, more: Value) -> Value {
    let mut wish = order_of(&[(product, pieces)]);
    let address = json!({ "recipient": "Ada", "line1": "1 Road", "city": "London", "country": "GB" });
    wish["shippingAddress"] = address;
    for (name, value) in more.as_object().unwrap() {
        wish[name] = value.clone();
    }
    wish
}

async fn shop_with_rules(manager: &Person<'_>) {
    manager.rule("tax-rates/GB", json!({ "basisPoints": 2000, "isIncluded": true })).await;
    manager.rule("tax-rates/*", json!({ "basisPoints": 1000, "isIncluded": false })).await;
    let tiers = json!([{ "from": 0, "priceMinor": 399 }, { "from": 5000, "priceMinor": 0 }]);
    manager
        .rule(
            "shipping-methods/post",
            json!({ "name": "Post", "countries": ["GB"], "currency": "GBP", "basis": "price", "tiers": tiers }),
        )
        .await;
    manager.rule("coupons/TEN", json!({ "discount": { "kind": "percent", "basisPoints": 1000 } })).await;
}

#[tokio::test]
async fn a_quote_is_what_the_order_costs() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("QUOTED", 1000, 100).await;
    shop_with_rules(&manager).await;
    let full = wish(&product, 3, json!({ "shippingMethod": "post", "coupon": "ten" }));
    let quote = shop.post("/api/v1/orders/quote", full.clone()).await;
    let totals = &quote.expect(200)["totals"];
    assert_eq!(
        [
            minor(&totals["goods"]),
            minor(&totals["discount"]),
            minor(&totals["shipping"]),
            minor(&totals["tax"]),
            minor(&totals["grandTotal"])
        ],
        [3000, 300, 399, 517, 3099]
    );
    let mut agreed = full.clone();
    agreed["agreedTotal"] = json!({ "amountMinor": 3098, "currency": "GBP" });
    let refused = customer.post("/api/v1/orders", agreed.clone()).await;
    assert_eq!((refused.failure(), minor(&refused.errors[0]["details"]["total"])), ((409, "total_changed"), 3099));
    agreed["agreedTotal"] = totals["grandTotal"].clone();
    let order = customer.post("/api/v1/orders", agreed).await;
    assert_eq!((&order.expect(201)["totals"], &order.data["shipping"]["name"]), (totals, &json!("Post")));
    let id = order.data["id"].as_str().unwrap();
    assert_eq!(minor(&customer.pay(id, "pm_card_visa").await.expect(200)["totals"]["paid"]), 3099);

    let mut abroad = full.clone();
    abroad["shippingAddress"]["country"] = json!("FR");
    assert_eq!(customer.post("/api/v1/orders", abroad.clone()).await.failure(), (409, "shipping_method_unavailable"));
    abroad.as_object_mut().unwrap().remove("shippingMethod");
    let abroad = customer.post("/api/v1/orders", abroad).await;
    assert_eq!((minor(&abroad.expect(201)["totals"]["tax"]), minor(&abroad.data["totals"]["grandTotal"])), (270, 2970));
    let mut without = full.clone();
    without.as_object_mut().unwrap().remove("shippingMethod");
    assert_eq!(customer.post("/api/v1/orders", without).await.failure(), (409, "shipping_method_required"));
    let free = wish(&product, 5, json!({ "shippingMethod": "post" }));
    assert_eq!(minor(&customer.post("/api/v1/orders", free).await.expect(201)["totals"]["shipping"]), 0);
}

#[tokio::test]
async fn a_coupon_is_used_as_often_as_it_may_be() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let product = manager.product("COUPON", 1000, 1000).await;
    let percent = json!({ "kind": "percent", "basisPoints": 5000 });
    manager.rule("coupons/FIVE", json!({ "discount": percent, "maxUses": 5 })).await;
    manager.rule("coupons/ONCE", json!({ "discount": percent, "maxUsesPerCustomer": 1 })).await;
    let buyers = join_all((0..4).map(|_| shop.customer())).await;
    let with = |code: &str| {
        let mut order = order_of(&[(&product, 1)]);
        order["coupon"] = json!(code);
        order
    };
    let five = join_all((0..20).map(|n| buyers[n % 4].post("/api/v1/orders", with("FIVE")))).await;
    assert_eq!(five.iter().filter(|answer| answer.status == 201).count(), 5);
    assert!(
        five.iter().filter(|answer| answer.status != 201).all(|answer| answer.failure() == (409, "coupon_used_up"))
    );
    let once = join_all((0..12).map(|n| buyers[n % 4].post("/api/v1/orders", with("ONCE")))).await;
    assert_eq!(once.iter().filter(|answer| answer.status == 201).count(), 4);
    // An order that has ended does not count.
    let (winner, order) = five
        .iter()
        .zip(0..)
        .find(|(answer, _)| answer.status == 201)
        .map(|(answer, n)| (&buyers[n % 4], answer.data["id"].as_str().unwrap()))
        .unwrap();
    winner.act(order, "cancel", json!({})).await.expect(200);
    winner.act(order, "cancel", json!({})).await.expect(200);
    let again = join_all((0..4).map(|n| buyers[n].post("/api/v1/orders", with("FIVE")))).await;
    assert_eq!(again.iter().filter(|answer| answer.status == 201).count(), 1);
    let listed = manager.get("/api/v1/coupons").await;
    let uses: Vec<_> = listed
        .expect(200)
        .as_array()
        .unwrap()
        .iter()
        .map(|coupon| (coupon["code"].as_str().unwrap(), coupon["uses"].as_i64().unwrap()))
        .collect();
    assert_eq!(uses, [("FIVE", 5), ("ONCE", 4)]);
}

#[tokio::test]
async fn rules_are_checked_listed_replaced_and_removed() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let put = async |path: &str, rule: Value| {
        send(manager.request(Method::PUT, &format!("/api/v1/{path}")).json(&rule)).await
    };
    let flat = |price: i64| json!({ "name": "Post", "currency": "GBP", "basis": "flat", "tiers": [{ "from": 0, "priceMinor": price }] });
    for (path, rule, status, code) in [
        ("tax-rates/GB", json!({ "basisPoints": 10_001, "isIncluded": true }), 422, "invalid_pricing"),
        ("tax-rates/XX", json!({ "basisPoints": 1, "isIncluded": true }), 400, "invalid_country"),
        ("tax-rates/GB", json!({ "basisPoints": -1, "isIncluded": true }), 422, "invalid_request"),
        ("shipping-methods/UP", flat(1), 400, "invalid_pricing"),
        ("shipping-methods/post", flat(-1), 422, "invalid_pricing"),
        (
            "shipping-methods/post",
            json!({ "name": "Post", "currency": "GBP", "basis": "flat", "tiers": [] }),
            422,
            "invalid_pricing",
        ),
        ("coupons/NO", json!({ "discount": { "kind": "percent", "basisPoints": 1 } }), 400, "invalid_pricing"),
        ("coupons/NONE", json!({ "discount": { "kind": "percent", "basisPoints": 0 } }), 422, "invalid_pricing"),
        ("coupons/NONE", json!({ "discount": { "kind": "gift" } }), 422, "invalid_request"),
    ] {
        assert_eq!(put(path, rule).await.failure(), (status, code), "{path}");
    }
    put("shipping-methods/post", flat(1)).await.expect(200);
    put("shipping-methods/post", flat(2)).await.expect(200);
    let listed = shop.get("/api/v1/shipping-methods").await;
    assert_eq!(
        (listed.expect(200).as_array().unwrap().len(), &listed.data[0]["tiers"][0]["priceMinor"]),
        (1, &json!(2))
    );
    assert_eq!(customer.get("/api/v1/coupons").await.failure(), (403, "forbidden"));
    for _ in 0..2 {
        manager.delete("/api/v1/shipping-methods/post").await.expect(200);
    }
    assert_eq!(shop.get("/api/v1/shipping-methods").await.expect(200), &json!([]));
    put("tax-rates/*", json!({ "basisPoints": 500, "isIncluded": false })).await.expect(200);
    assert_eq!(
        manager.get("/api/v1/tax-rates").await.expect(200),
        &json!([{ "code": "*", "basisPoints": 500, "isIncluded": false }])
    );
}

#[tokio::test]
async fn an_order_that_costs_nothing_is_paid_at_once() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("GIFT", 1000, 10).await;
    manager.rule("coupons/GIFT", json!({ "discount": { "kind": "percent", "basisPoints": 10_000 } })).await;
    let mut order = order_of(&[(&product, 1)]);
    order["coupon"] = json!("GIFT");
    let placed = customer.post("/api/v1/orders", order).await;
    assert_eq!((&placed.expect(201)["status"], minor(&placed.data["totals"]["grandTotal"])), (&json!("paid"), 0));
    let id = placed.data["id"].as_str().unwrap();
    customer.pay(id, "pm_card_visa").await.expect(200);
    assert!(shop.books_of(id).await.is_empty());
    manager.act(id, "shipments", json!({ "carrier": "Post", "trackingNumber": "1" })).await.expect(200);
}

#[tokio::test]
async fn shipping_may_go_by_weight() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let category = manager.category("Heavy").await;
    let new = json!({ "sku": "IRON", "name": "Iron", "categoryId": category, "price": { "amountMinor": 100, "currency": "GBP" }, "weightGrams": 1500 });
    let product = manager.post("/api/v1/products", new).await;
    assert_eq!(product.expect(201)["weightGrams"], 1500);
    let product = product.data["id"].as_str().unwrap().to_owned();
    manager.restock(&product, 10).await;
    let tiers = json!([{ "from": 0, "priceMinor": 300 }, { "from": 2000, "priceMinor": 900 }]);
    manager
        .rule("shipping-methods/post", json!({ "name": "Post", "currency": "GBP", "basis": "weight", "tiers": tiers }))
        .await;
    for (pieces, price) in [(1, 300), (2, 900)] {
        let order = customer.post("/api/v1/orders", wish(&product, pieces, json!({ "shippingMethod": "post" }))).await;
        assert_eq!(minor(&order.expect(201)["totals"]["shipping"]), price);
    }
}
