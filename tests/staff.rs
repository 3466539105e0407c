//! What staff does with people, and the log of it.

use crate::harness::{PASSWORD, Shop};
use serde_json::{Value, json};

#[tokio::test]
async fn an_admin_invites_a_manager_who_chooses_a_password() {
    let shop = Shop::open().await;
    let admin = shop.admin().await;
    let body = json!({ "email": "grace@example.com", "name": "Grace", "role": "manager" });
    let invited = admin.post("/api/v1/staff", body.clone()).await;
    assert_eq!(invited.expect(201)["role"], "manager");
    assert_eq!(admin.post("/api/v1/staff", body).await.failure(), (409, "email_taken"));
    let customer = json!({ "email": "x@example.com", "name": "X", "role": "customer" });
    assert_eq!(admin.post("/api/v1/staff", customer).await.failure(), (422, "invalid_request"));

    let token = shop.mailed_token("grace@example.com", "password").await;
    let body = json!({ "token": token, "newPassword": PASSWORD });
    shop.post("/api/v1/password-resets/confirmations", body).await.expect(200);
    let grace = shop.log_in("grace@example.com", PASSWORD).await;
    grace.category("Made by Grace").await;

    let log = admin.get(&format!("/api/v1/audit-entries?subject={}", grace.id)).await;
    let actions: Vec<_> = log.expect(200).as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(actions, [json!("password_reset"), json!("staff_invited")]);
    assert_eq!(log.data[1]["actorId"], json!(admin.id));
    assert_eq!(log.data[1]["requestId"], invited.metadata["requestId"]);
}

#[tokio::test]
async fn whoever_runs_the_shop_invites_the_first_admin() {
    let mut shop = Shop::open().await;
    shop.stop();
    for _ in 0..2 {
        // The option may stay: the second start finds the invited one.
        shop.start_again_with(&["--invite-admin", "first@example.com"]);
        shop.mail("first@example.com", "You are invited to the staff").await;
        shop.stop();
    }
    shop.start_again();
    assert_eq!(shop.mails("first@example.com").await.len(), 1);
    let token = shop.mailed_token("first@example.com", "password").await;
    let body = json!({ "token": token, "newPassword": PASSWORD });
    shop.post("/api/v1/password-resets/confirmations", body).await.expect(200);
    let answer = shop.try_log_in("first@example.com", PASSWORD).await;
    assert_eq!(
        (&answer.expect(200)["customer"]["role"], &answer.data["secondFactorRequired"]),
        (&json!("admin"), &json!(true))
    );
}

#[tokio::test]
async fn staff_finds_people_by_words_role_and_status_page_by_page() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    for name in ["alan", "barbara", "charles", "alanis"] {
        shop.customer_with(&format!("{name}@example.com"), PASSWORD).await;
    }
    let emails = async |query: &str| -> Vec<String> {
        let page = manager.get(&format!("/api/v1/customers?{query}")).await;
        let people = page.expect(200).as_array().unwrap().clone();
        people.iter().map(|person| person["email"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(emails("q=alan").await, ["alanis@example.com", "alan@example.com"]);
    assert_eq!(emails("q=test%20alanis").await, ["alanis@example.com"]);
    assert_eq!(emails("q=nobody").await, Vec::<String>::new());
    assert_eq!(emails("role=admin").await, ["admin@souk.example"]);
    let first = manager.get("/api/v1/customers?role=customer&limit=3").await;
    let next = first.metadata["nextCursor"].as_str().unwrap();
    // Somebody new does not disturb the walk.
    shop.customer_with("dorothy@example.com", PASSWORD).await;
    assert_eq!(emails(&format!("role=customer&limit=3&cursor={next}")).await, ["alan@example.com", "ada@souk.example"]);
    for (query, field) in [("q=%20", "q"), ("limit=0", "limit"), ("role=king", ""), ("nonsense=1", "")] {
        let refused = manager.get(&format!("/api/v1/customers?{query}")).await;
        assert_eq!(refused.status, 400, "{query}");
        assert_eq!(refused.errors[0]["field"].as_str().unwrap_or_default(), field);
    }
}

#[tokio::test]
async fn who_is_disabled_is_out_at_once_until_they_are_enabled_again() {
    let shop = Shop::open().await;
    let (admin, manager, eve) = (shop.admin().await, shop.manager().await, shop.customer().await);
    let path = |id: &str, what: &str| format!("/api/v1/customers/{id}/{what}");
    for _ in 0..2 {
        let disabled = manager.post(&path(&eve.id, "disable"), json!({})).await;
        assert_eq!(disabled.expect(200)["status"], "disabled");
    }
    assert_eq!(eve.get("/api/v1/customers/me").await.failure(), (401, "session_ended"));
    assert_eq!(eve.try_refresh().await.failure(), (401, "session_ended"));
    assert_eq!(shop.try_log_in(&eve.email, PASSWORD).await.failure(), (401, "invalid_credentials"));
    shop.post("/api/v1/password-resets", json!({ "email": eve.email })).await.expect(202);
    assert_eq!(manager.get("/api/v1/customers?status=disabled").await.expect(200)[0]["id"], json!(eve.id));
    assert_eq!(manager.post(&path(&eve.id, "enable"), json!({})).await.expect(200)["status"], "active");
    shop.log_in(&eve.email, PASSWORD).await.get("/api/v1/customers/me").await.expect(200);
    // A reset was asked for while they were out: no mail came of it.
    assert!(shop.mails(&eve.email).await.iter().all(|mail| mail["subject"] != "Choose a new password"));

    // Managers have no say over staff, and nobody shuts oneself out.
    assert_eq!(manager.post(&path(&admin.id, "disable"), json!({})).await.failure(), (403, "forbidden"));
    assert_eq!(manager.post(&path(&manager.id, "disable"), json!({})).await.failure(), (403, "forbidden"));
    assert_eq!(admin.post(&path(&admin.id, "disable"), json!({})).await.failure(), (403, "forbidden"));
    let unknown = manager.post(&path("01890000-0000-7000-8000-000000000000", "disable"), json!({})).await;
    assert_eq!(unknown.failure(), (404, "not_found"));
    admin.post(&path(&manager.id, "disable"), json!({})).await.expect(200);
    assert_eq!(manager.get("/api/v1/customers").await.failure(), (401, "session_ended"));

    let log = admin.get(&format!("/api/v1/audit-entries?subject={}", eve.id)).await;
    let entries = log.expect(200).as_array().unwrap().clone();
    let told: Vec<(&Value, &Value)> = entries.iter().map(|entry| (&entry["action"], &entry["actorId"])).collect();
    let (manager_id, eve_id) = (json!(manager.id), json!(eve.id));
    assert_eq!(
        told,
        [
            (&json!("customer_enabled"), &manager_id),
            (&json!("customer_disabled"), &manager_id),
            (&json!("customer_registered"), &eve_id),
        ]
    );
    let looked = admin.get(&format!("/api/v1/audit-entries?actor={}", manager.id)).await;
    assert!(looked.expect(200).as_array().unwrap().iter().any(|entry| entry["action"] == "customers_listed"));
}
