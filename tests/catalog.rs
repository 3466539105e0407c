use crate::harness::{Shop, eventually, send};
use reqwest::Method;
use serde_json::{Value, json};

fn price(minor: i64) -> Value {
    json!({ "amountMinor": minor, "currency": "GBP" })
}

fn skus(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|product| product["sku"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn categories_nest_and_go_only_when_nothing_uses_them() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let top = manager.category("Garden").await;
    let below = manager.post("/api/v1/categories", json!({ "name": "Tools", "parentId": top })).await;
    let below = below.expect(201)["id"].as_str().unwrap().to_owned();

    let tree = shop.get("/api/v1/categories").await;
    let garden = tree.expect(200).as_array().unwrap().iter().find(|category| category["name"] == "Garden").unwrap();
    assert_eq!(garden["children"][0]["name"], "Tools");

    let path = format!("/api/v1/categories/{top}");
    assert_eq!(manager.delete(&path).await.failure(), (409, "category_has_children"));
    let cycle = manager.put(&path, "*", json!({ "name": "Garden", "parentId": below })).await;
    assert_eq!(cycle.failure(), (409, "category_cycle"));
    let same = manager.post("/api/v1/categories", json!({ "name": "GARDEN" })).await;
    assert_eq!(same.failure(), (409, "category_name_taken"));

    let renamed = manager.put(&path, "\"1\"", json!({ "name": "Outdoors" })).await;
    assert_eq!((renamed.expect(200)["version"].as_i64(), renamed.header("etag")), (Some(2), Some("\"2\"")));
    assert_eq!(manager.put(&path, "\"1\"", json!({ "name": "Outside" })).await.failure(), (412, "stale_version"));

    let spade = json!({ "sku": "SPADE", "name": "Spade", "categoryId": below, "price": price(1) });
    manager.post("/api/v1/products", spade).await.expect(201);
    assert_eq!(manager.delete(&format!("/api/v1/categories/{below}")).await.failure(), (409, "category_in_use"));

    let empty = manager.category("Empty").await;
    manager.delete(&format!("/api/v1/categories/{empty}")).await.expect(200);
    assert_eq!(shop.get(&format!("/api/v1/categories/{empty}")).await.failure(), (404, "not_found"));
}

#[tokio::test]
async fn a_client_reads_what_it_wrote_though_reads_are_cached() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let id = manager.product("CACHED", 100, 5).await;
    let path = format!("/api/v1/products/{id}");
    for version in 1..20 {
        let read = shop.get(&path).await;
        assert_eq!(read.expect(200)["version"], version);
        let category = &read.data["categoryId"];
        let body = json!({ "name": format!("Name {version}"), "categoryId": category, "price": price(100 + version) });
        manager.put(&path, read.header("etag").unwrap(), body).await.expect(200);
        let again = shop.get(&path).await;
        assert_eq!(again.expect(200)["name"], format!("Name {version}"));
        assert_eq!(again.data["price"]["amountMinor"], 100 + version);
    }
}

#[tokio::test]
async fn a_discontinued_product_can_be_read_but_neither_listed_nor_ordered_nor_changed() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let id = manager.product("OLD", 100, 5).await;
    let path = format!("/api/v1/products/{id}");
    for _ in 0..2 {
        let gone = manager.post(&format!("{path}/discontinue"), json!({})).await;
        assert_eq!(
            (gone.expect(200)["status"].as_str(), gone.data["version"].as_i64()),
            (Some("discontinued"), Some(2))
        );
    }
    assert_eq!(shop.get(&path).await.expect(200)["status"], "discontinued");
    assert_eq!(shop.get("/api/v1/products?q=old").await.expect(200), &json!([]));
    assert_eq!(shop.customer().await.order(&[(&id, 1)]).await.failure(), (409, "product_discontinued"));
    let category = manager.category("Elsewhere").await;
    let body = json!({ "name": "New", "categoryId": category, "price": price(1) });
    assert_eq!(manager.put(&path, "*", body).await.failure(), (409, "product_discontinued"));
}

#[tokio::test]
async fn a_list_is_filtered_sorted_searched_counted_and_walked() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let top = manager.category("Tea").await;
    let green =
        manager.post("/api/v1/categories", json!({ "name": "Green", "parentId": top })).await.data["id"].clone();
    for (sku, name, category, minor) in [
        ("T1", "Sencha première récolte", &green, 900),
        ("T2", "Sencha second harvest", &green, 500),
        ("T3", "Assam harvest", &json!(top), 700),
    ] {
        let new = json!({ "sku": sku, "name": name, "categoryId": category, "price": price(minor) });
        let made = manager.post("/api/v1/products", new).await;
        if sku != "T3" {
            manager.restock(made.expect(201)["id"].as_str().unwrap(), 3).await;
        }
    }
    let list = async |query: &str| shop.get(&format!("/api/v1/products?category={top}&{query}")).await;
    assert_eq!(skus(list("").await.expect(200)), ["T3", "T1", "T2"]);
    assert_eq!(skus(list("sort=price").await.expect(200)), ["T2", "T3", "T1"]);
    assert_eq!(skus(list("sort=-price").await.expect(200)), ["T1", "T3", "T2"]);
    assert_eq!(skus(list("sort=newest").await.expect(200)), ["T3", "T2", "T1"]);
    assert_eq!(skus(list("minPrice=600&maxPrice=800").await.expect(200)), ["T3"]);
    assert_eq!(skus(list("inStock=true").await.expect(200)), ["T1", "T2"]);
    assert_eq!(skus(list("q=SENCHA+premiere").await.expect(200)), ["T1"]);
    assert_eq!(skus(list("q=harvest+sen").await.expect(200)), ["T2"]);
    assert_eq!(skus(list("q=har").await.expect(200)), ["T3", "T2"]);

    let counted = shop.get(&format!("/api/v1/products?category={top}&q=sencha&facets=true")).await;
    assert_eq!(counted.metadata["facets"], json!([{ "categoryId": green, "name": "Green", "count": 2 }]));

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = list(&format!("sort=-name&limit=1{cursor}")).await;
        seen.extend(skus(page.expect(200)).iter().map(ToString::to_string));
        match page.metadata["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["T2", "T1", "T3"]);
    let strange = list(&format!("sort=price{cursor}")).await;
    assert_eq!(strange.failure(), (400, "invalid_cursor"));
}

#[tokio::test]
async fn an_import_keeps_good_rows_tells_bad_ones_and_can_be_repeated() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let import = async |media_type: &str, file: String| {
        let request = manager.request(Method::POST, "/api/v1/products/import").header("Content-Type", media_type);
        send(request.body(file)).await
    };
    let mut csv = "sku,name,category,price_minor,currency,first_sold\n".to_owned();
    for n in 0..3000 {
        csv += &format!("IMP{n},\"Imported, {n}\",Imports,{},GBP,2011-01-01\n", n + 1);
    }
    csv += "BAD SKU,x,Imports,1,GBP,\nIMP1,,Imports,1,GBP,\nIMP2,x,Imports,-5,GBP,\n";
    let first = import("text/csv", csv.clone()).await;
    assert_eq!((&first.expect(200)["created"], &first.data["failed"]), (&json!(3000), &json!(3)));
    let told: Vec<_> =
        first.data["failures"].as_array().unwrap().iter().map(|f| (&f["line"], &f["error"]["code"])).collect();
    let expected = [(3002, "invalid_sku"), (3003, "invalid_name"), (3004, "invalid_money")];
    assert_eq!(
        told,
        expected.map(|(line, code)| (json!(line), json!(code))).iter().map(|(a, b)| (a, b)).collect::<Vec<_>>()
    );

    let second = import("text/csv", csv.replace("IMP7,\"Imported, 7\"", "IMP7,\"Renamed\"")).await;
    assert_eq!((&second.expect(200)["updated"], &second.data["unchanged"]), (&json!(1), &json!(2999)));
    assert_eq!(skus(shop.get("/api/v1/products?q=renamed").await.expect(200)), ["IMP7"]);

    let line = json!({ "sku": "J1", "name": "Json", "category": "Imports", "price": price(5) }).to_string();
    let third = import("application/x-ndjson", format!("{line}\nnonsense\n")).await;
    assert_eq!((&third.expect(200)["created"], &third.data["failures"][0]["line"]), (&json!(1), &json!(2)));

    assert_eq!(import("application/pdf", String::new()).await.failure(), (415, "unsupported_media_type"));
    assert_eq!(import("text/csv", "sku,name\n".to_owned()).await.failure(), (422, "invalid_request"));
    assert_eq!(import("text/csv", "x".repeat(6 << 20)).await.failure(), (413, "body_too_large"));
}

#[tokio::test]
async fn a_stock_level_that_changed_is_soon_told_to_everybody_who_reads_it() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let id = manager.product("STOCKED", 100, 5).await;
    let (product, stock) = (format!("/api/v1/products/{id}"), format!("/api/v1/products/{id}/stock"));
    assert_eq!(shop.get(&product).await.expect(200)["available"], 5);
    shop.customer().await.order(&[(&id, 2)]).await.expect(201);
    eventually("the new level", async || {
        shop.get(&product).await.expect(200)["available"] == 3 && shop.get(&stock).await.expect(200)["reserved"] == 2
    })
    .await;
}

#[tokio::test]
async fn commands_of_the_catalog_run_once_for_a_key() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let body = json!({ "name": "Once" });
    let first = manager.post_once("/api/v1/categories", "key", body.clone()).await;
    let second = manager.post_once("/api/v1/categories", "key", body).await;
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.text, second.text);
    assert_eq!((first.header("idempotent-replayed"), second.header("idempotent-replayed")), (None, Some("true")));
    let other = manager.post_once("/api/v1/categories", "key", json!({ "name": "Other" })).await;
    assert_eq!(other.failure(), (422, "idempotency_key_reused"));
}
