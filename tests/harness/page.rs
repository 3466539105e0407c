use super::{Browser, Script, Shop};
use serde_json::{Value, json};
use std::path::Path;

/// Where `make test-web` builds the client.
pub const WEB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/web");

/// A browser with a page that runs the client.
pub struct Page(pub Script);

impl Page {
    pub async fn open() -> Self {
        let folder = Path::new(WEB);
        assert!(folder.join("dist/souk-live.js").exists(), "make test-web builds the client");
        let mut script = Script::start(&folder.join("test/browser.mjs"));
        script.tells(|told| told["ready"] == true).await;
        Self(script)
    }

    /// One whose client is connected to a `host:port`.
    pub async fn connected(address: &str, token: Option<&str>, timing: Value) -> Self {
        let mut page = Self::open().await;
        page.connect(address, token, timing).await;
        page.becomes("open").await;
        page
    }

    pub async fn connect(&mut self, address: &str, token: Option<&str>, mut timing: Value) {
        // Short pauses; what a test says nothing about stays as it is.
        for (name, time) in [("firstPause", 50), ("longestPause", 400)] {
            timing.as_object_mut().unwrap().entry(name).or_insert(json!(time));
        }
        self.act("connect", json!({ "url": format!("ws://{address}/"), "token": token, "timing": timing })).await;
    }

    pub async fn act(&mut self, action: &str, with: Value) -> Value {
        self.0.does(json!({ "action": action, "with": with })).await["returned"].take()
    }

    pub async fn becomes(&mut self, state: &str) {
        self.0.tells(|told| told["state"] == state).await;
    }

    pub async fn subscribe(&mut self, topic: &str) {
        self.act("subscribe", json!({ "topic": topic })).await;
        self.loads(topic, "first").await;
    }

    pub async fn loads(&mut self, name: &str, reason: &str) {
        self.0.tells(|told| told["name"] == name && told["reload"] == reason).await;
    }

    /// The next news of a subscription.
    pub async fn hears(&mut self, name: &str) -> Value {
        self.0.tells(|told| told["name"] == name && told["news"].is_object()).await["news"].take()
    }

    /// The news of a subscription up to this one.
    pub async fn hears_until(&mut self, name: &str, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut heard = vec![self.hears(name).await];
        while !wanted(heard.last().unwrap()) {
            heard.push(self.hears(name).await);
        }
        heard
    }

    /// The code of the refusal of a subscription.
    pub async fn refused(&mut self, name: &str) -> String {
        let told = self.0.tells(|told| told["name"] == name && told["refused"].is_array()).await;
        told["refused"][0]["code"].as_str().unwrap().to_owned()
    }

    /// Whether something was told that nobody asked for yet.
    pub fn has_told(&self, wanted: impl Fn(&Value) -> bool) -> bool {
        self.0.told().any(wanted)
    }
}

/// Somebody beside the page who hears all news of a topic, over a connection that nothing happens to.
pub struct Witness(Browser);

impl Witness {
    pub async fn of(shop: &Shop, topic: &str) -> Self {
        let mut browser = Browser::guest(shop).await;
        browser.subscribe(topic).await;
        Self(browser)
    }

    pub async fn hears(&mut self) -> Value {
        self.0.hear_of("InventoryUpdated").await
    }

    pub async fn hears_until(&mut self, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut heard: Vec<Value> = Vec::new();
        while !heard.last().is_some_and(&wanted) {
            let news = self.hears().await;
            // The shop may say something twice.
            if heard.iter().all(|known| known["sequence"] != news["sequence"]) {
                heard.push(news);
            }
        }
        heard.sort_by_key(|news| news["sequence"].as_u64());
        heard
    }
}
