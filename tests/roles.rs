//! Every route with every kind of caller, against `tests/roles.csv`. A route without a row fails the test.

use crate::harness::{Person, Shop, Signer};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Method;
use serde_json::{Value, json};
use souk_domain::SessionId;
use souk_template::{Template, Trigger};
use std::collections::BTreeMap;

const TABLE: &str = include_str!("roles.csv");

/// The kinds of callers, as the table's first line names them: nobody; the customer whose things the path names, and another one;
/// staff; an admin who has yet to set up a second factor; and tokens that must never be taken.
const WHO: [&str; 10] =
    ["nobody", "customer", "another", "manager", "admin", "enrolling", "expired", "forged", "unsigned", "ended"];

/// What each kind of caller gets: a status that shuts out, `ok` for any other.
fn table() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut lines = TABLE.lines().map(|line| line.split(',').collect::<Vec<_>>());
    assert_eq!(lines.next().unwrap()[1..], WHO, "the first line of tests/roles.csv");
    lines.map(|row| (row[0], row[1..].to_vec())).collect()
}

/// Each in a session of its own, so that one who logs out shuts nobody else out.
fn claims(id: &str, role: &str, expires_in: i64) -> Value {
    let now = souk_domain::now().timestamp();
    json!({ "iss": "souk", "sub": id, "sid": SessionId::new(), "role": role, "iat": now, "exp": now + expires_in })
}

fn with(mut claims: Value, field: &str, value: Value) -> Value {
    claims[field] = value;
    claims
}

fn unsigned(claims: Value) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(json!({ "alg": "none", "typ": "JWT" })), part(claims))
}

async fn status(shop: &Shop, method: &str, path: &str, token: Option<&str>) -> &'static str {
    let mut request = shop.request(Method::from_bytes(method.as_bytes()).unwrap(), path).header("If-Match", "*");
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    match request.json(&json!({})).send().await.unwrap().status().as_u16() {
        401 => "401",
        403 => "403",
        404 => "404",
        500.. => panic!("{method} {path} failed"),
        _ => "ok",
    }
}

/// A customer's things, for the paths.
struct Things<'a> {
    customer: Person<'a>,
    session: String,
    order: String,
    payment: String,
    goods_return: String,
    cart: String,
    product: String,
    category: String,
    /// Made by an admin, where the path names one.
    webhook: String,
}

impl<'a> Things<'a> {
    async fn of(shop: &'a Shop, manager: &Person<'_>, name: &str) -> Self {
        let customer = shop.customer().await;
        let product = manager.product(&name.to_uppercase(), 100, 10).await;
        let category = shop.get(&format!("/api/v1/products/{product}")).await.data["categoryId"].clone();
        let order = customer.order(&[(&product, 1)]).await.expect(201)["id"].as_str().unwrap().to_owned();
        let (payment, goods_return) = sent_and_coming_back(&customer, manager, &order, &product).await;
        let cart = customer.post("/api/v1/carts", json!({})).await.expect(201)["id"].as_str().unwrap().to_owned();
        let line = json!({ "productId": product, "quantity": 1 });
        customer.post(&format!("/api/v1/carts/{cart}/lines"), line).await.expect(200);
        let session = customer.get("/api/v1/sessions").await.expect(200)[0]["id"].as_str().unwrap().to_owned();
        Self {
            customer,
            session,
            order,
            payment,
            goods_return,
            cart,
            product,
            category: category.as_str().unwrap().to_owned(),
            webhook: String::new(),
        }
    }

    /// The path with the ids of these things.
    fn path(&self, path: &str) -> String {
        let id = match path.split('/').nth(3).unwrap_or_default() {
            "orders" => &self.order,
            "carts" => &self.cart,
            "sessions" => &self.session,
            "customers" => &self.customer.id,
            "categories" => &self.category,
            "webhooks" => &self.webhook,
            _ => &self.product,
        };
        path.replace("{id}", id)
            .replace("{productId}", &self.product)
            .replace("{paymentId}", &self.payment)
            .replace("{returnId}", &self.goods_return)
            .replace("{deliveryId}", &self.product)
            .replace("{function}", "send-mail")
            .replace("{region}", "GB")
            .replace("{code}", "standard")
    }
}

/// Pays an order, sends it and asks to send it back: the payment and the return.
async fn sent_and_coming_back(
    customer: &Person<'_>,
    manager: &Person<'_>,
    order: &str,
    product: &str,
) -> (String, String) {
    let path = |what: &str| format!("/api/v1/orders/{order}/{what}");
    let paid = customer.post(&path("payments"), json!({ "paymentMethod": "pm_card_visa" })).await.expect(200).clone();
    let parcel = json!({ "carrier": "Post", "trackingNumber": "1" });
    manager.post(&path("shipments"), parcel).await.expect(200);
    let lines = json!([{ "productId": product, "quantity": 1 }]);
    let wish = json!({ "lines": lines, "reason": "changed_mind" });
    let returned = customer.post(&path("returns"), wish).await.expect(200).clone();
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    (id(&paid["payments"][0]), id(&returned["returns"][0]))
}

/// A webhook that leads nowhere.
async fn webhook(admin: &Person<'_>) -> String {
    let new = json!({ "url": "https://hooks.invalid/", "eventTypes": ["souk.OrderPlaced"] });
    admin.post("/api/v1/webhooks", new).await.expect(201)["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_route_lets_in_exactly_whom_the_table_says() {
    let (shop, other) = (Shop::open().await, Shop::open_embedded().await);
    let (signer, stranger) = (Signer::of(&shop), Signer::of(&other));
    let (manager, admin, another) = (shop.manager().await, shop.admin().await, shop.customer().await);
    let ended = shop.customer().await;
    ended.delete("/api/v1/sessions/current").await.expect(200);
    let public = std::fs::read(shop.folder().join("token-public.pem")).unwrap();
    let mut expected = table();
    let mut wrong = Vec::new();
    for function in Template::built_in().unwrap().functions() {
        let Trigger::Http { method, path } = &function.trigger else { continue };
        let name = function.name.as_str();
        let row = expected.remove(name).unwrap_or_default();
        let token = |id: &str, role: &str| signer.sign(claims(id, role, 600));
        let mut things = Things::of(&shop, &manager.with_token(token(&manager.id, "manager")), name).await;
        if path.starts_with("/api/v1/webhooks/{id}") {
            things.webhook = webhook(&admin.with_token(token(&admin.id, "admin"))).await;
        }
        let path = things.path(path);
        let forged = [
            stranger.sign(claims(&admin.id, "admin", 600)),
            stranger.sign_as(&signer.key_id, claims(&admin.id, "admin", 600)),
            signer.sign_as("unknown", claims(&admin.id, "admin", 600)),
            signer.sign(with(claims(&admin.id, "admin", 600), "iss", json!("somebody"))),
            // The public key as the secret of a symmetric signature.
            encode(
                &Header::new(Algorithm::HS256),
                &claims(&admin.id, "admin", 600),
                &EncodingKey::from_secret(&public),
            )
            .unwrap(),
            "nonsense".to_owned(),
        ];
        let mut got = vec![("nobody", status(&shop, method, &path, None).await)];
        for token in &forged {
            got.push(("forged", status(&shop, method, &path, Some(token)).await));
        }
        // Staff comes last: what they do to a person must not hide what that person may do.
        for who in ["expired", "unsigned", "ended", "enrolling", "another", "customer", "manager", "admin"] {
            // Signed at this moment: whoever came before may have ended all sessions of the same person.
            let token = match who {
                "expired" => signer.sign(claims(&admin.id, "admin", -60)),
                "unsigned" => unsigned(claims(&admin.id, "admin", 600)),
                "ended" => ended.token.clone(),
                "enrolling" => signer.sign(with(claims(&admin.id, "admin", 600), "enrol", json!(true))),
                "another" => token(&another.id, "customer"),
                "customer" => token(&things.customer.id, "customer"),
                "manager" => token(&manager.id, "manager"),
                _ => token(&admin.id, "admin"),
            };
            got.push((who, status(&shop, method, &path, Some(&token)).await));
        }
        let of = |who: &str| {
            let mut answers: Vec<&str> = got.iter().filter(|(w, _)| *w == who).map(|(_, answer)| *answer).collect();
            answers.dedup();
            answers.join("|")
        };
        let got: Vec<String> = WHO.iter().map(|who| of(who)).collect();
        if got != row {
            wrong.push(format!("{name},{}", got.join(",")));
        }
    }
    assert!(wrong.is_empty(), "what callers get, and tests/roles.csv does not say:\n{}", wrong.join("\n"));
    assert!(expected.is_empty(), "not in template.yaml: {expected:?}");
}
