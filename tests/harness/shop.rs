use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use souk_conformance::sqlserver::{TEST_URL, Turn, empty_database};
use std::fmt;
use std::future::Future;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A `souk` process with a folder of its own.
pub struct Shop {
    process: Child,
    /// A private `redis-server`, when the tests are to run on one.
    redis: Option<Child>,
    /// The turn on the SQL Server, when the tests are to run on one.
    _turn: Option<Turn>,
    store_url: Option<String>,
    folder: TempDir,
    arguments: Vec<String>,
    pub banner: Value,
    client: Client,
}

impl Shop {
    pub async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// A shop on the embedded store, wherever the others are.
    pub async fn open_embedded() -> Self {
        Self::open_on(None, &[]).await
    }

    pub async fn open_with(arguments: &[&str]) -> Self {
        Self::open_on(std::env::var(TEST_URL).ok(), arguments).await
    }

    async fn open_on(store_url: Option<String>, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let mut redis = None;
        if std::env::var("SOUK_TEST_REDIS").as_deref() == Ok("redis-server")
            && !arguments.iter().any(|a| a == "--redis-url")
        {
            let (child, url) = start_redis_server(folder.path());
            redis = Some(child);
            arguments.extend(["--redis-url".to_owned(), url]);
        }
        let turn = match store_url {
            Some(_) => Some(empty_database().await),
            None => None,
        };
        let (process, banner) = start(folder.path(), store_url.as_deref(), &arguments);
        let client = Client::builder().timeout(PATIENCE).build().unwrap();
        Self { process, redis, _turn: turn, store_url, folder, arguments, banner, client }
    }

    /// Ends the process as Ctrl-C would, and waits.
    pub fn stop(&mut self) -> std::process::ExitStatus {
        signal(&self.process, "-TERM");
        self.process.wait().unwrap()
    }

    /// Ends the process between two of its instructions.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts the process again on the same folder.
    pub fn start_again(&mut self) {
        let (process, banner) = start(self.folder.path(), self.store_url.as_deref(), &self.arguments);
        self.process = process;
        self.banner = banner;
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn url(&self) -> &str {
        self.banner["http"].as_str().unwrap()
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url()))
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    /// The demo user of a role, logged in.
    pub async fn demo(&self, role: &str) -> Person<'_> {
        let users = self.banner["users"].as_array().unwrap();
        let user = users.iter().find(|user| user["role"] == role).unwrap();
        self.log_in(user["email"].as_str().unwrap(), user["password"].as_str().unwrap()).await
    }

    pub async fn manager(&self) -> Person<'_> {
        self.demo("manager").await
    }

    pub async fn log_in(&self, email: &str, password: &str) -> Person<'_> {
        let session = json!({ "email": email, "password": password });
        let answer = send(self.request(Method::POST, "/api/v1/sessions").json(&session)).await;
        let id = answer.expect(200)["customer"]["id"].as_str().unwrap().to_owned();
        Person { shop: self, token: answer.data["accessToken"].as_str().unwrap().to_owned(), id }
    }

    /// A new customer, logged in.
    pub async fn customer(&self) -> Person<'_> {
        let (email, password) = (format!("{}@example.com", uuid::Uuid::new_v4()), "correct horse battery");
        let new = json!({ "email": email, "name": "Test Customer", "password": password });
        send(self.request(Method::POST, "/api/v1/customers").json(&new)).await.expect(201);
        self.log_in(&email, password).await
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        for child in [Some(&mut self.process), self.redis.as_mut()].into_iter().flatten() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn start(folder: &Path, store_url: Option<&str>, arguments: &[String]) -> (Child, Value) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_souk"))
        .args(["--http-port", "0", "--ws-port", "0", "--banner", "json", "--data"])
        .arg(folder)
        .args(arguments)
        // What the developer's shell names may be a real shop.
        .env_remove("SOUK_STORE_URL")
        .env_remove("SOUK_REDIS_URL")
        .env_remove("SOUK_DYNAMODB_ENDPOINT")
        .envs(store_url.map(|url| ("SOUK_STORE_URL", url)))
        .arg("--demo")
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let banner = serde_json::from_str(&line).unwrap_or_else(|_| panic!("souk did not start: {line:?}"));
    (process, banner)
}

fn start_redis_server(folder: &Path) -> (Child, String) {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let child = Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--appendonly", "yes", "--save", "", "--dir"])
        .arg(folder)
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is installed");
    let started = Instant::now();
    while std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(started.elapsed() < PATIENCE, "redis-server did not start");
        std::thread::sleep(Duration::from_millis(5));
    }
    (child, format!("redis://127.0.0.1:{port}"))
}

fn signal(process: &Child, signal: &str) {
    let sent = Command::new("kill").arg(signal).arg(process.id().to_string()).status().unwrap();
    assert!(sent.success());
}

/// Somebody who is logged in.
#[derive(Clone)]
pub struct Person<'a> {
    shop: &'a Shop,
    pub token: String,
    pub id: String,
}

impl Person<'_> {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.shop.request(method, path).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn post_once(&self, path: &str, key: &str, body: Value) -> Answer {
        send(self.request(Method::POST, path).header("Idempotency-Key", key).json(&body)).await
    }

    pub async fn put(&self, path: &str, if_match: &str, body: Value) -> Answer {
        send(self.request(Method::PUT, path).header("If-Match", if_match).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    /// A category at the top; its id.
    pub async fn category(&self, name: &str) -> String {
        let made = self.post("/api/v1/categories", json!({ "name": name })).await;
        made.expect(201)["id"].as_str().unwrap().to_owned()
    }

    /// A product in a category of its own, with so many pieces; its id.
    pub async fn product(&self, sku: &str, price_minor: i64, pieces: i64) -> String {
        let category = self.category(&format!("For {sku}")).await;
        let price = json!({ "amountMinor": price_minor, "currency": "GBP" });
        let new = json!({ "sku": sku, "name": format!("Product {sku}"), "categoryId": category, "price": price });
        let id = self.post("/api/v1/products", new).await.expect(201)["id"].as_str().unwrap().to_owned();
        if pieces > 0 {
            self.restock(&id, pieces).await;
        }
        id
    }

    pub async fn restock(&self, product: &str, pieces: i64) {
        let path = format!("/api/v1/products/{product}/stock/adjustments");
        let request = self.request(Method::POST, &path).header("If-Match", "*");
        send(request.json(&json!({ "delta": pieces, "reason": "delivery" }))).await.expect(200);
    }

    pub async fn order(&self, lines: &[(&str, i64)]) -> Answer {
        self.post("/api/v1/orders", order_of(lines)).await
    }
}

pub fn order_of(lines: &[(&str, i64)]) -> Value {
    let lines: Vec<Value> =
        lines.iter().map(|(product, quantity)| json!({ "productId": product, "quantity": quantity })).collect();
    json!({ "lines": lines })
}

/// What the shop answered.
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
    pub data: Value,
    pub errors: Value,
    pub metadata: Value,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.text)
    }
}

impl Answer {
    /// `data`, when the status is this.
    #[track_caller]
    pub fn expect(&self, status: u16) -> &Value {
        assert_eq!(self.status, status, "{}", self.text);
        &self.data
    }

    /// Status and code of the first error.
    pub fn failure(&self) -> (u16, &str) {
        (self.status, self.errors[0]["code"].as_str().unwrap_or("none"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

pub async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    let mut body: Value = serde_json::from_str(&text).unwrap_or_default();
    let mut take = |field: &str| body[field].take();
    let (data, errors, metadata) = (take("data"), take("errors"), take("metadata"));
    Answer { status, headers, text, data, errors, metadata }
}

/// Asks again and again until the answer is yes.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut ask: impl FnMut() -> F) {
    let started = Instant::now();
    while !ask().await {
        assert!(started.elapsed() < PATIENCE, "{what} did not come true");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
