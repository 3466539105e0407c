//! What buyers are told by mail.

use crate::harness::{PASSWORD, Shop, eventually};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const TO: &str = "ada.order@example.com";

/// What the mails to the buyer are about.
async fn subjects(shop: &Shop) -> BTreeSet<String> {
    let mails = shop.mails(TO).await;
    let subjects: Vec<String> = mails.iter().map(|mail| mail["subject"].as_str().unwrap().to_owned()).collect();
    let known: BTreeSet<String> = subjects.iter().cloned().collect();
    assert_eq!(known.len(), subjects.len(), "nothing is mailed twice: {subjects:?}");
    known
}

/// A text that is the same in every run.
fn told(mail: &Value, number: &str, shop: &Shop) -> String {
    mail["text"].as_str().unwrap().replace(number, "S-YEAR-NUMBER").replace(shop.url(), "https://shop.example")
}

#[tokio::test]
async fn a_buyer_gets_mail_when_the_order_is_paid_when_a_parcel_leaves_and_when_money_comes_back() {
    let shop = Shop::open().await;
    let (manager, ada) = (shop.manager().await, shop.customer_with(TO, PASSWORD).await);
    let (tea, cup) = (manager.product("TEA", 1000, 10).await, manager.product("CUP", 250, 10).await);
    manager.rule("tax-rates/GB", json!({ "basisPoints": 2000, "isIncluded": true })).await;
    let tiers = json!([{ "from": 0, "priceMinor": 395 }]);
    let post =
        json!({ "name": "Second class", "countries": ["GB"], "currency": "GBP", "basis": "price", "tiers": tiers });
    manager.rule("shipping-methods/post", post).await;
    manager.rule("coupons/TEN", json!({ "discount": { "kind": "percent", "basisPoints": 1000 } })).await;
    let wish = json!({
        "lines": [{ "productId": tea, "quantity": 2 }, { "productId": cup, "quantity": 1 }],
        "shippingAddress": {
            "recipient": "Ada Lovelace", "line1": "12 St James's Square", "city": "London", "postalCode": "SW1Y 4JH",
            "country": "GB",
        },
        "shippingMethod": "post",
        "coupon": "TEN",
    });
    let order = ada.post("/api/v1/orders", wish).await.expect(201).clone();
    let (id, number) = (order["id"].as_str().unwrap(), order["number"].as_str().unwrap());
    ada.pay(id, "pm_card_visa").await.expect(200);
    let confirmed = shop.mail(TO, &format!("Your order {number}")).await;
    insta::assert_snapshot!("a_confirmation", told(&confirmed, number, &shop));
    let parcel = json!({
        "carrier": "Royal Mail", "trackingNumber": "JD014600003SE", "lines": [{ "productId": tea, "quantity": 2 }],
    });
    manager.act(id, "shipments", parcel).await.expect(200);
    let sent = shop.mail(TO, &format!("A parcel of your order {number} is on its way")).await;
    insta::assert_snapshot!("a_parcel", told(&sent, number, &shop));
    let cup =
        json!({ "refund": { "of": "lines", "lines": [{ "productId": cup, "quantity": 1 }] }, "reason": "broken" });
    manager.post_once(&format!("/api/v1/orders/{id}/refunds"), "refund", cup).await.expect(200);
    let refunded = shop.mail(TO, &format!("Your money of order {number} is on its way back")).await;
    insta::assert_snapshot!("a_refund", told(&refunded, number, &shop));
    let back = json!({ "lines": [{ "productId": tea, "quantity": 1 }], "reason": "damaged" });
    let asked = ada.act(id, "returns", back).await;
    let path = format!("returns/{}/reject", asked.expect(200)["returns"][0]["id"].as_str().unwrap());
    manager.act(id, &path, json!({ "reason": "it is worn" })).await.expect(200);
    let rejected = shop.mail(TO, &format!("Your return to order {number} was not accepted")).await;
    assert!(rejected["text"].as_str().unwrap().contains("what you wanted to return: it is worn"));
    subjects(&shop).await;
}

#[tokio::test]
async fn a_replay_mails_nothing_again() {
    let mut shop = Shop::open().await;
    let subject = {
        let (manager, ada) = (shop.manager().await, shop.customer_with(TO, PASSWORD).await);
        let tea = manager.product("TEA", 1000, 10).await;
        let order = ada.order(&[(&tea, 1)]).await.expect(201).clone();
        ada.pay(order["id"].as_str().unwrap(), "pm_card_visa").await.expect(200);
        format!("Your order {}", order["number"].as_str().unwrap())
    };
    shop.mail(TO, &subject).await;
    shop.stop();
    // In the folder a mail that is sent again stands where the first one stood.
    std::fs::remove_dir_all(shop.folder().join("mail")).unwrap();
    shop.start_again_with(&["--replay", "send-order-mail=2000-01-01T00:00:00Z"]);
    eventually("the replay", async || shop.log().contains("events were replayed")).await;
    assert_eq!(subjects(&shop).await, BTreeSet::new());
}
