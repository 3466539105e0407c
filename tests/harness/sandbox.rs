use super::{Answer, Person, Shop, eventually, secrets};
use serde_json::{Value, json};

/// Whoever moves the money, as a test sees it from outside.
impl Shop {
    /// The key that callers of the sandbox show.
    pub fn sandbox_key(&self) -> String {
        self.sandbox_keys().0
    }

    /// The key of callers, and what notices are signed with.
    pub fn sandbox_keys(&self) -> (String, String) {
        let text = std::fs::read_to_string(self.folder().join("sandbox.keys")).unwrap();
        let (key, secret) = text.trim().split_once('\n').unwrap();
        secrets::remember(key);
        secrets::remember(secret);
        (key.to_owned(), secret.to_owned())
    }

    pub fn sandbox_url(&self) -> &str {
        self.banner["sandbox"].as_str().unwrap().trim_end_matches('/')
    }

    /// Every payment that the sandbox has on its books.
    pub async fn books(&self) -> Vec<Value> {
        let (mut payments, mut url) = (Vec::new(), format!("{}/books", self.sandbox_url()));
        loop {
            let request = reqwest::Client::new().get(&url).bearer_auth(self.sandbox_key());
            let page: Value = request.send().await.unwrap().json().await.unwrap();
            payments.extend(page["payments"].as_array().unwrap().iter().cloned());
            match page["has_more"] == true {
                true => url = format!("{}/books?starting_after={}", self.sandbox_url(), last_id(&payments)),
                false => return payments,
            }
        }
    }

    /// What the sandbox has on its books for an order.
    pub async fn books_of(&self, order: &str) -> Vec<Value> {
        self.books().await.into_iter().filter(|payment| payment["order_id"] == order).collect()
    }

    /// What the buyer does on the page that a payment asks them to open; where their browser goes then.
    pub async fn answer_challenge(&self, action_url: &str, outcome: &str) -> String {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let page = client.get(action_url).send().await.unwrap().text().await.unwrap();
        assert!(page.contains("Complete"), "{page}");
        let request = client.post(action_url).header("Content-Type", "application/x-www-form-urlencoded");
        let answer = request.body(format!("outcome={outcome}")).send().await.unwrap();
        answer.headers()["location"].to_str().unwrap().to_owned()
    }
}

fn last_id(payments: &[Value]) -> String {
    payments.last().and_then(|payment| payment["id"].as_str()).unwrap_or_default().to_owned()
}

impl Person<'_> {
    /// Pays an order.
    pub async fn pay(&self, order: &str, method: &str) -> Answer {
        self.post(&format!("/api/v1/orders/{order}/payments"), json!({ "paymentMethod": method })).await
    }

    /// An order of pieces of one product; its id.
    pub async fn ordered(&self, product: &str, pieces: i64) -> String {
        self.order(&[(product, pieces)]).await.expect(201)["id"].as_str().unwrap().to_owned()
    }

    /// The order as this person sees it now.
    pub async fn see(&self, order: &str) -> Value {
        self.get(&format!("/api/v1/orders/{order}")).await.expect(200).clone()
    }

    /// The order once it is as wanted.
    pub async fn sees(&self, order: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        eventually(what, async || wanted(&self.see(order).await)).await;
        self.see(order).await
    }

    /// A command on an order.
    pub async fn act(&self, order: &str, what: &str, body: Value) -> Answer {
        self.post(&format!("/api/v1/orders/{order}/{what}"), body).await
    }
}

/// The steps of an order's history.
pub fn steps(order: &Value) -> Vec<&str> {
    order["history"].as_array().unwrap().iter().map(|entry| entry["step"].as_str().unwrap()).collect()
}

/// How often something happened to an order.
pub fn times(order: &Value, step: &str) -> usize {
    steps(order).into_iter().filter(|happened| *happened == step).count()
}
