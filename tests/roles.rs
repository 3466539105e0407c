//! Every route with every kind of caller, against `tests/roles.csv`. A route without a row fails the test.

use crate::harness::Shop;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Method;
use serde_json::{Value, json};
use souk_template::{Template, Trigger};
use std::collections::BTreeMap;

const TABLE: &str = include_str!("roles.csv");

/// What each kind of caller gets: `ok` for anything but 401 and 403.
fn table() -> BTreeMap<&'static str, [&'static str; 4]> {
    let row = |line: &'static str| {
        let [function, none, customer, manager, bad] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        (function, [none, customer, manager, bad])
    };
    TABLE.lines().skip(1).map(row).collect()
}

fn signed(key: &EncodingKey, expires_in: i64) -> String {
    let now = souk_domain::now().timestamp();
    let id = souk_domain::CustomerId::new();
    let claims = json!({ "iss": "souk", "sub": id, "role": "admin", "iat": now, "exp": now + expires_in });
    encode(&Header::new(Algorithm::EdDSA), &claims, key).unwrap()
}

fn unsigned() -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let exp = souk_domain::now().timestamp() + 600;
    let claims = json!({ "iss": "souk", "sub": souk_domain::CustomerId::new(), "role": "admin", "iat": 0, "exp": exp });
    format!("{}.{}.", part(json!({ "alg": "none", "typ": "JWT" })), part(claims))
}

/// Tokens that must never be taken: expired, forged, unsigned, signed for another algorithm, nonsense.
fn bad_tokens(shop: &Shop, other: &Shop) -> Vec<String> {
    let key = |shop: &Shop| {
        EncodingKey::from_ed_pem(&std::fs::read(shop.folder().join("token-private.pem")).unwrap()).unwrap()
    };
    let public = std::fs::read(shop.folder().join("token-public.pem")).unwrap();
    let now = souk_domain::now().timestamp();
    let claims =
        json!({ "iss": "souk", "sub": souk_domain::CustomerId::new(), "role": "admin", "iat": now, "exp": now + 60 });
    let confused = encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(&public)).unwrap();
    vec![signed(&key(shop), -60), signed(&key(other), 600), unsigned(), confused, "nonsense".to_owned()]
}

async fn status(shop: &Shop, method: &str, path: &str, token: Option<&str>) -> &'static str {
    let mut request = shop.request(Method::from_bytes(method.as_bytes()).unwrap(), path).header("If-Match", "*");
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    match request.json(&json!({})).send().await.unwrap().status().as_u16() {
        401 => "401",
        403 => "403",
        500.. => panic!("{method} {path} failed"),
        _ => "ok",
    }
}

#[tokio::test]
async fn every_route_lets_in_exactly_whom_the_table_says() {
    let (shop, other) = (Shop::open().await, Shop::open_embedded().await);
    let (customer, manager) = (shop.customer().await, shop.manager().await);
    let bad = bad_tokens(&shop, &other);
    let mut table = table();
    for function in Template::built_in().unwrap().functions() {
        let Trigger::Http { method, path } = &function.trigger else { continue };
        let path = path.replace("{id}", "01890000-0000-7000-8000-000000000000");
        let name = function.name.as_str();
        let expected = table.remove(name).unwrap_or_else(|| panic!("{name} has no row in tests/roles.csv"));
        for (who, token, expected) in [
            ("nobody", None, expected[0]),
            ("a customer", Some(customer.token.as_str()), expected[1]),
            ("a manager", Some(manager.token.as_str()), expected[2]),
        ] {
            assert_eq!(status(&shop, method, &path, token).await, expected, "{name} for {who}");
        }
        for token in &bad {
            assert_eq!(
                status(&shop, method, &path, Some(token)).await,
                expected[3],
                "{name} with the bad token {token}"
            );
        }
    }
    assert!(table.is_empty(), "rows without a route: {table:?}");
}
