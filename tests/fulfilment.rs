//! Parcels, returns, notes, documents, and how people find orders.

use crate::harness::{Person, Shop, steps};
use futures::future::join_all;
use serde_json::{Value, json};

async fn paid(customer: &Person<'_>, lines: &[(&str, i64)]) -> String {
    let order = customer.order(lines).await.expect(201)["id"].as_str().unwrap().to_owned();
    customer.pay(&order, "pm_card_visa").await.expect(200);
    order
}

async fn stock(shop: &Shop, product: &str) -> (i64, i64) {
    let level = shop.get(&format!("/api/v1/products/{product}/stock")).await.expect(200).clone();
    (level["onHand"].as_i64().unwrap(), level["reserved"].as_i64().unwrap())
}

fn parcel(number: &str, lines: Value) -> Value {
    json!({ "carrier": "Royal Mail", "trackingNumber": number, "lines": lines })
}

#[tokio::test]
async fn an_order_leaves_in_parcels_and_arrives() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let (a, b) = (manager.product("PA", 100, 10).await, manager.product("PB", 200, 10).await);
    let order = paid(&customer, &[(&a, 3), (&b, 1)]).await;
    let some = parcel("1", json!([{ "productId": a, "quantity": 2 }]));
    assert_eq!(customer.act(&order, "shipments", some.clone()).await.failure(), (403, "forbidden"));
    let first = join_all((0..5).map(|_| manager.act(&order, "shipments", some.clone()))).await;
    assert!(first.iter().all(|answer| answer.expect(200)["status"] == "partially_shipped"));
    assert_eq!(stock(&shop, &a).await, (8, 1));
    let too_many = parcel("2", json!([{ "productId": a, "quantity": 2 }]));
    assert_eq!(manager.act(&order, "shipments", too_many).await.failure(), (409, "not_in_order"));
    let rest = json!({ "carrier": "Royal Mail", "trackingNumber": "2" });
    assert_eq!(manager.act(&order, "shipments", rest.clone()).await.expect(200)["status"], "shipped");
    manager.act(&order, "shipments", rest).await.expect(200);
    let nothing = json!({ "carrier": "Royal Mail", "trackingNumber": "3" });
    assert_eq!(manager.act(&order, "shipments", nothing).await.failure(), (409, "nothing_to_ship"));
    assert_eq!((stock(&shop, &a).await, stock(&shop, &b).await), ((7, 0), (9, 0)));
    assert_eq!(customer.act(&order, "cancel", json!({})).await.failure(), (409, "order_status"));

    let shipped = customer.see(&order).await;
    let one = json!({ "shipmentId": shipped["shipments"][0]["id"] });
    assert_eq!(manager.act(&order, "deliveries", one.clone()).await.expect(200)["status"], "shipped");
    let delivered = manager.act(&order, "deliveries", json!({})).await;
    assert_eq!(
        (&delivered.expect(200)["status"], &delivered.data["fulfilment"]),
        (&json!("delivered"), &json!("delivered"))
    );
    assert_eq!(manager.act(&order, "deliveries", one).await.expect(200)["version"], delivered.data["version"]);
}

#[tokio::test]
async fn goods_come_back_to_the_shelf_or_not_and_their_money_goes_back() {
    let shop = Shop::open().await;
    let (manager, customer, other) = (shop.manager().await, shop.customer().await, shop.customer().await);
    let product = manager.product("RETURNS", 1000, 10).await;
    let order = paid(&customer, &[(&product, 4)]).await;
    let wish = |pieces: i64| json!({ "lines": [{ "productId": product, "quantity": pieces }], "reason": "damaged" });
    assert_eq!(customer.act(&order, "returns", wish(1)).await.failure(), (409, "not_in_order"));
    manager.act(&order, "shipments", json!({ "carrier": "Post", "trackingNumber": "1" })).await.expect(200);
    assert_eq!(other.act(&order, "returns", wish(1)).await.failure(), (404, "not_found"));
    let asked = customer.act(&order, "returns", wish(2)).await;
    let id = asked.expect(200)["returns"][0]["id"].as_str().unwrap().to_owned();
    let path = |what: &str| format!("returns/{id}/{what}");
    assert_eq!(
        manager.act(&order, &path("receive"), json!({ "goods": "restock" })).await.failure(),
        (409, "return_status")
    );
    assert_eq!(customer.act(&order, &path("approve"), json!({})).await.failure(), (403, "forbidden"));
    manager.act(&order, &path("approve"), json!({})).await.expect(200);
    let receive = path("receive");
    let received = join_all((0..4).map(|_| manager.act(&order, &receive, json!({ "goods": "restock" })))).await;
    assert!(received.iter().all(|answer| answer.status == 200));
    let after = customer.sees(&order, "the refund", |order| order["status"] == "partially_refunded").await;
    assert_eq!((&after["totals"]["refunded"]["amountMinor"], stock(&shop, &product).await), (&json!(2000), (8, 0)));

    let asked = customer.act(&order, "returns", wish(1)).await;
    let second = asked.expect(200)["returns"][1]["id"].as_str().unwrap();
    manager.act(&order, &format!("returns/{second}/approve"), json!({})).await.expect(200);
    manager.act(&order, &format!("returns/{second}/receive"), json!({ "goods": "write_off" })).await.expect(200);
    assert_eq!(stock(&shop, &product).await, (8, 0));
    let asked = customer.act(&order, "returns", wish(1)).await;
    let third = asked.expect(200)["returns"][2]["id"].as_str().unwrap().to_owned();
    let no = json!({ "reason": "worn" });
    manager.act(&order, &format!("returns/{third}/reject"), no.clone()).await.expect(200);
    manager.act(&order, &format!("returns/{third}/reject"), no).await.expect(200);
    assert_eq!(
        manager.act(&order, &format!("returns/{third}/approve"), json!({})).await.failure(),
        (409, "return_status")
    );
    let unknown = "returns/01890000-0000-7000-8000-000000000000/approve";
    assert_eq!(manager.act(&order, unknown, json!({})).await.failure(), (404, "not_found"));
    let books = shop.books_of(&order).await;
    assert_eq!(books[0]["refunded"], 3000);
}

#[tokio::test]
async fn a_buyer_reads_what_is_meant_for_them() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("NOTES", 100, 10).await;
    let order = customer.ordered(&product, 1).await;
    manager.act(&order, "notes", json!({ "text": "looks like fraud" })).await.expect(200);
    manager.act(&order, "notes", json!({ "text": "on its way", "isPublic": true })).await.expect(200);
    let written = customer.act(&order, "notes", json!({ "text": "thank you" })).await;
    let texts = |order: &Value| {
        order["notes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|note| note["text"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(texts(written.expect(200)), ["on its way", "thank you"]);
    assert_eq!(texts(&customer.see(&order).await), ["on its way", "thank you"]);
    assert_eq!(texts(&customer.get("/api/v1/orders").await.expect(200)[0]), ["on its way", "thank you"]);
    assert_eq!(texts(&manager.see(&order).await).len(), 3);
    assert_eq!(customer.act(&order, "notes", json!({ "text": " " })).await.failure(), (422, "invalid_note"));
}

#[tokio::test]
async fn documents_are_pages_that_run_nothing() {
    let shop = Shop::open().await;
    let (manager, customer, other) = (shop.manager().await, shop.customer().await, shop.customer().await);
    let category = manager.category("Odd").await;
    let price = json!({ "amountMinor": 1299, "currency": "GBP" });
    let new =
        json!({ "sku": "ODD", "name": "<script>alert(1)</script> & Söhne", "categoryId": category, "price": price });
    let product = manager.post("/api/v1/products", new).await.expect(201)["id"].as_str().unwrap().to_owned();
    manager.restock(&product, 5).await;
    let order = paid(&customer, &[(&product, 2)]).await;
    let number = customer.see(&order).await["number"].as_str().unwrap().to_owned();
    let invoice = customer.get(&format!("/api/v1/orders/{order}/invoice")).await;
    assert_eq!((invoice.status, invoice.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(invoice.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    assert!(invoice.text.contains(&number) && invoice.text.contains("GBP 25.98"), "{}", invoice.text);
    assert!(invoice.text.contains("&lt;script&gt;") && !invoice.text.contains("<script"), "{}", invoice.text);
    assert_eq!(other.get(&format!("/api/v1/orders/{order}/invoice")).await.status, 404);
    let slip = manager.get(&format!("/api/v1/orders/{order}/packing-slip")).await;
    assert!(slip.text.contains(&number) && slip.text.contains("ODD") && !slip.text.contains("GBP"), "{}", slip.text);
    assert_eq!(customer.get(&format!("/api/v1/orders/{order}/packing-slip")).await.status, 403);
    manager.act(&order, "shipments", json!({ "carrier": "Post", "trackingNumber": "1" })).await.expect(200);
    let empty = manager.get(&format!("/api/v1/orders/{order}/packing-slip")).await;
    assert!(empty.text.contains("Nothing is left to be sent"), "{}", empty.text);
}

#[tokio::test]
async fn an_order_is_tracked_by_number_and_address_together() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("TRACKED", 100, 10).await;
    let order = paid(&customer, &[(&product, 1)]).await;
    manager.act(&order, "shipments", json!({ "carrier": "Post", "trackingNumber": "TR-1" })).await.expect(200);
    let number = customer.see(&order).await["number"].as_str().unwrap().to_owned();
    let track = async |number: &str, email: &str| {
        shop.post("/api/v1/order-tracking", json!({ "number": number, "email": email })).await
    };
    let found = track(&number.to_lowercase(), &customer.email.to_uppercase()).await;
    assert_eq!(
        (&found.expect(200)["status"], &found.data["shipments"][0]["trackingNumber"]),
        (&json!("shipped"), &json!("TR-1"))
    );
    assert!([&customer.id, &order, &product].iter().all(|id| !found.text.contains(*id)), "{}", found.text);
    let wrong = [
        (number.as_str(), "eve@example.com"),
        ("S-2026-999999", customer.email.as_str()),
        ("S-1999-000001", customer.email.as_str()),
    ];
    for (number, email) in wrong {
        assert_eq!(track(number, email).await.failure(), (404, "not_found"));
    }
    assert_eq!(track("1", &customer.email).await.failure(), (422, "invalid_order_number"));
}

#[tokio::test]
async fn staff_find_orders_by_what_they_know() {
    let shop = Shop::open().await;
    let (manager, ada, bob) = (
        shop.manager().await,
        shop.customer_with("ada.unique@example.com", crate::harness::PASSWORD).await,
        shop.customer().await,
    );
    let product = manager.product("FOUND", 100, 100).await;
    let (first, second) = (paid(&ada, &[(&product, 1)]).await, ada.ordered(&product, 1).await);
    let third = bob.ordered(&product, 1).await;
    let number = ada.see(&first).await["number"].as_str().unwrap().to_owned();
    let find = async |query: &str| {
        let found = manager.get(&format!("/api/v1/orders/search?{query}")).await;
        found
            .expect(200)
            .as_array()
            .unwrap()
            .iter()
            .map(|order| order["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(find("").await, [third.clone(), second.clone(), first.clone()]);
    assert_eq!(find("status=paid").await, [first.as_str()]);
    assert_eq!(find("q=ada+uniq").await, [second.clone(), first.clone()]);
    assert_eq!(find(&format!("q={number}")).await, [first.as_str()]);
    assert_eq!(find(&format!("customer={}", bob.id)).await, [third.as_str()]);
    assert_eq!(find("q=nobody").await, Vec::<String>::new());
    let moment = ada.see(&second).await["placedAt"].as_str().unwrap().to_owned();
    assert_eq!(find(&format!("from={moment}")).await, [third.clone(), second.clone()]);
    assert_eq!(find(&format!("until={moment}")).await, [first.as_str()]);
    let page = manager.get("/api/v1/orders/search?limit=2").await;
    let next = page.metadata["nextCursor"].as_str().unwrap();
    assert_eq!(find(&format!("limit=2&cursor={next}")).await, [first.as_str()]);
    assert_eq!(bob.get("/api/v1/orders/search").await.failure(), (403, "forbidden"));
    for bad in ["status=lost", "q=%3F", "from=yesterday", "limit=0", "cursor=x"] {
        assert_eq!(manager.get(&format!("/api/v1/orders/search?{bad}")).await.status, 400, "{bad}");
    }
    assert_eq!(steps(&ada.see(&second).await), ["placed"]);
}
