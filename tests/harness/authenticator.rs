use super::{Answer, Person, secrets};
use serde_json::json;
use totp_rs::{Builder, Secret, Totp};

/// The app on somebody's phone.
pub struct Authenticator {
    totp: Totp,
    pub recovery_codes: Vec<String>,
}

impl Authenticator {
    /// Offered to the person, not yet confirmed.
    pub async fn set_up(person: &Person<'_>, password: &str) -> Self {
        let offered = person.post("/api/v1/customers/me/second-factor", json!({ "password": password })).await;
        let secret = offered.expect(200)["secret"].as_str().unwrap();
        let codes = offered.data["recoveryCodes"].as_array().unwrap();
        let builder = Builder::new().with_secret(Secret::try_from_base32(secret).unwrap());
        let totp = builder.with_issuer(Some("Souk")).with_account_name("test").build().unwrap();
        Self { totp, recovery_codes: codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect() }
    }

    pub async fn confirm(&self, person: &Person<'_>) -> Answer {
        let path = "/api/v1/customers/me/second-factor/confirmation";
        person.post(path, json!({ "code": self.code(-1) })).await
    }

    /// The code of a time step, counted from the present one. The shop takes those of -1 to 1, each once and in their order.
    pub fn code(&self, step: i64) -> String {
        let now = souk_domain::now().timestamp() + 30 * step;
        let code = self.totp.generate(now.unsigned_abs()).to_string();
        secrets::remember(&code);
        code
    }
}
