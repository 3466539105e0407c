//! What clients read, word for word. `SOUK_UPDATE=1` writes `docs/openapi.json` anew; `INSTA_UPDATE=always` the snapshots.

use crate::harness::{Shop, send};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;

#[tokio::test]
async fn the_open_api_document_is_the_one_in_docs() {
    let shop = Shop::open().await;
    let served: Value = serde_json::from_str(&shop.get("/openapi.json").await.text).unwrap();
    let served = serde_json::to_string_pretty(&served).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    if std::env::var_os("SOUK_UPDATE").is_some() {
        std::fs::write(&path, &served).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written == served, "docs/openapi.json is not what the shop serves; `make openapi` writes it");
}

/// Ids, times and cursors differ from run to run.
fn without_chance(mut value: Value) -> Value {
    fn walk(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    let varies = ["id", "number", "at", "actor", "nextCursor"].contains(&name.as_str())
                        || name.ends_with("Id")
                        || name.ends_with("At");
                    if varies && field.is_string() {
                        *field = json!(format!("[{name}]"));
                    } else {
                        walk(field);
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(walk),
            _ => {}
        }
    }
    walk(&mut value);
    value
}

#[tokio::test]
async fn envelopes_and_errors_keep_their_form() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let id = manager.product("FORM", 1299, 3).await;
    let body = |answer: crate::harness::Answer| without_chance(serde_json::from_str(&answer.text).unwrap());
    insta::assert_json_snapshot!("a_product", body(shop.get(&format!("/api/v1/products/{id}")).await));
    insta::assert_json_snapshot!("a_stock_level", body(shop.get(&format!("/api/v1/products/{id}/stock")).await));
    insta::assert_json_snapshot!(
        "a_page",
        body(shop.get("/api/v1/products?q=tea&limit=1&facets=true&sort=price").await)
    );
    insta::assert_json_snapshot!("an_order", body(customer.order(&[(&id, 2)]).await));
    insta::assert_json_snapshot!("a_shortage", body(customer.order(&[(&id, 2)]).await));
    insta::assert_json_snapshot!("a_bad_value", body(customer.order(&[(&id, 0)]).await));
    insta::assert_json_snapshot!("no_token", body(shop.get("/api/v1/orders").await));
    insta::assert_json_snapshot!("no_route", body(shop.get("/nowhere").await));
    let stale = manager
        .put(
            &format!("/api/v1/products/{id}"),
            "\"9\"",
            json!({ "name": "x", "categoryId": id, "price": { "amountMinor": 1, "currency": "GBP" } }),
        )
        .await;
    insta::assert_json_snapshot!("a_stale_version", body(stale));
    let method = send(shop.request(Method::PATCH, "/api/v1/orders")).await;
    insta::assert_json_snapshot!("no_method", body(method));
}
