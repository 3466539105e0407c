//! Authenticators, recovery codes, and admins who need one.

use crate::harness::{Authenticator, Browser, PASSWORD, Shop};
use serde_json::json;

async fn log_in(shop: &Shop, email: &str, code: &str) -> crate::harness::Answer {
    shop.post("/api/v1/sessions", json!({ "email": email, "password": PASSWORD, "code": code })).await
}

#[tokio::test]
async fn a_log_in_asks_for_a_code_once_an_authenticator_is_confirmed() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let path = "/api/v1/customers/me/second-factor";
    assert_eq!(ada.post(path, json!({ "password": "wrong and long" })).await.failure(), (422, "invalid_credentials"));
    let none = ada.post(&format!("{path}/confirmation"), json!({ "code": "123456" })).await;
    assert_eq!(none.failure(), (409, "second_factor_missing"));
    let first = Authenticator::set_up(&ada, PASSWORD).await;
    let authenticator = Authenticator::set_up(&ada, PASSWORD).await;
    // Not confirmed yet, so nothing has changed; and what was offered first is no longer good.
    shop.log_in(&ada.email, PASSWORD).await;
    assert_eq!(first.confirm(&ada).await.failure(), (422, "invalid_second_factor"));
    assert_eq!(authenticator.confirm(&ada).await.expect(200)["secondFactor"], true);
    shop.mail(&ada.email, "Your second factor was changed").await;

    assert_eq!(shop.try_log_in(&ada.email, PASSWORD).await.failure(), (401, "second_factor_required"));
    assert_eq!(shop.try_log_in(&ada.email, "wrong and long").await.failure(), (401, "invalid_credentials"));
    assert_eq!(log_in(&shop, &ada.email, "000000").await.failure(), (401, "invalid_second_factor"));
    // The code that confirmed was used up; of the next one, two at once get one session.
    let code = authenticator.code(0);
    let (one, two) = tokio::join!(log_in(&shop, &ada.email, &code), log_in(&shop, &ada.email, &code));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
    assert_eq!(log_in(&shop, &ada.email, &authenticator.code(-1)).await.failure(), (401, "invalid_second_factor"));
    log_in(&shop, &ada.email, &authenticator.code(1)).await.expect(200);
    assert_eq!(ada.post(path, json!({ "password": PASSWORD })).await.failure(), (409, "second_factor_enabled"));
}

#[tokio::test]
async fn a_recovery_code_stands_in_for_the_authenticator_once() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let authenticator = Authenticator::set_up(&ada, PASSWORD).await;
    authenticator.confirm(&ada).await.expect(200);
    let [first, second, ..] = &authenticator.recovery_codes[..] else { panic!("no codes") };
    let typed = first.to_uppercase().replace('-', " ");
    log_in(&shop, &ada.email, &typed).await.expect(200);
    assert_eq!(log_in(&shop, &ada.email, first).await.failure(), (401, "invalid_second_factor"));

    let path = "/api/v1/customers/me/second-factor/removal";
    let remove = async |password: &str, code: &str| ada.post(path, json!({ "password": password, "code": code })).await;
    assert_eq!(remove("wrong and long", second).await.failure(), (422, "invalid_credentials"));
    assert_eq!(remove(PASSWORD, first).await.failure(), (422, "invalid_second_factor"));
    assert_eq!(remove(PASSWORD, second).await.expect(200)["secondFactor"], false);
    assert_eq!(remove(PASSWORD, second).await.failure(), (409, "second_factor_missing"));
    shop.log_in(&ada.email, PASSWORD).await;
}

#[tokio::test]
async fn an_admin_can_do_nothing_while_no_second_factor_is_set_up() {
    let shop = Shop::open().await;
    let (email, password) = shop.demo_user("admin");
    let answer = shop.try_log_in(&email, &password).await;
    assert_eq!(answer.expect(200)["secondFactorRequired"], true);
    let admin = shop.logged_in(&answer);
    for path in ["/api/v1/customers", "/api/v1/audit-entries", "/api/v1/customers/me", "/api/v1/orders"] {
        assert_eq!(admin.get(path).await.failure(), (403, "second_factor_required"), "{path}");
    }
    assert_eq!(Browser::connect(&shop, &format!("?access_token={}", admin.token)).await.err(), Some(403));
    // A refresh does not help.
    let again = admin.try_refresh().await;
    assert_eq!(again.expect(200)["secondFactorRequired"], true);
    let admin = shop.logged_in(&again);

    let authenticator = Authenticator::set_up(&admin, &password).await;
    // Somebody else who knows the password is in as well; a session without a code never becomes a whole one.
    let thief = shop.log_in(&email, &password).await;
    authenticator.confirm(&admin).await.expect(200);
    assert_eq!(thief.try_refresh().await.failure(), (401, "session_ended"));
    let admin = admin.refreshed().await;
    admin.get("/api/v1/customers").await.expect(200);

    // Who lost the phone removes it with a recovery code, and sets another one up before anything else.
    let body = json!({ "password": password, "code": authenticator.recovery_codes[0] });
    admin.post("/api/v1/customers/me/second-factor/removal", body).await.expect(200);
    let admin = admin.refreshed().await;
    assert_eq!(admin.get("/api/v1/customers").await.failure(), (403, "second_factor_required"));
    Authenticator::set_up(&admin, &password).await.confirm(&admin).await.expect(200);
    admin.refreshed().await.get("/api/v1/customers").await.expect(200);
}

#[tokio::test]
async fn a_reset_password_does_not_replace_the_second_factor() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let authenticator = Authenticator::set_up(&ada, PASSWORD).await;
    authenticator.confirm(&ada).await.expect(200);
    shop.post("/api/v1/password-resets", json!({ "email": ada.email })).await.expect(202);
    let token = shop.mailed_token(&ada.email, "password").await;
    let body = json!({ "token": token, "newPassword": "another correct horse" });
    shop.post("/api/v1/password-resets/confirmations", body).await.expect(200);
    let refused = shop.try_log_in(&ada.email, "another correct horse").await;
    assert_eq!(refused.failure(), (401, "second_factor_required"));
}
