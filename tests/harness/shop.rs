use super::{Authenticator, described, secrets};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use souk_conformance::sqlserver::{TEST_URL, Turn, empty_database};
use std::fmt;
use std::fs::OpenOptions;
use std::future::Future;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The password of customers whose password does not matter.
pub const PASSWORD: &str = "correct horse battery";

/// A `souk` process with a folder of its own.
pub struct Shop {
    process: Child,
    /// A private `redis-server`, when the tests are to run on one.
    redis: Option<Child>,
    /// The turn on the SQL Server, when the tests are to run on one.
    _turn: Option<Turn>,
    environment: Vec<(&'static str, String)>,
    folder: TempDir,
    log: TempDir,
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
        Self::open_on(None, &[], Vec::new()).await
    }

    pub async fn open_with(arguments: &[&str]) -> Self {
        Self::open_on(std::env::var(TEST_URL).ok(), arguments, Vec::new()).await
    }

    /// A shop whose process has these variables.
    pub async fn open_in(environment: Vec<(&'static str, String)>, arguments: &[&str]) -> Self {
        Self::open_on(std::env::var(TEST_URL).ok(), arguments, environment).await
    }

    async fn open_on(
        store_url: Option<String>,
        arguments: &[&str],
        mut environment: Vec<(&'static str, String)>,
    ) -> Self {
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
            Some(url) => {
                environment.push(("SOUK_STORE_URL", url));
                Some(empty_database().await)
            }
            None => None,
        };
        if !arguments.iter().any(|a| a == "--rate-limit-factor") {
            // Tests do in a second what people do in an hour; those about rates say so.
            arguments.extend(["--rate-limit-factor", "1000"].map(str::to_owned));
        }
        let log = tempfile::tempdir().unwrap();
        let (process, banner) = start(folder.path(), log.path(), &environment, &arguments);
        let client = Client::builder().timeout(PATIENCE).build().unwrap();
        Self { process, redis, _turn: turn, environment, folder, log, arguments, banner, client }
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
        self.start_again_with(&[]);
    }

    pub fn start_again_with(&mut self, more: &[&str]) {
        let arguments: Vec<String> =
            self.arguments.iter().cloned().chain(more.iter().map(ToString::to_string)).collect();
        let (process, banner) = start(self.folder.path(), self.log.path(), &self.environment, &arguments);
        self.process = process;
        self.banner = banner;
    }

    /// Starts the process again and ends it after a while, most likely before it is there.
    pub fn kill_while_starting(&mut self, after: Duration) {
        let Self { folder, log, environment, arguments, .. } = self;
        self.process = spawn(folder.path(), log.path(), environment, arguments);
        std::thread::sleep(after);
        self.kill();
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Whether its Redis ends with the process.
    pub fn has_embedded_redis(&self) -> bool {
        self.redis.is_none()
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

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::POST, path).json(&body)).await
    }

    /// Address and password of the demo user of a role.
    pub fn demo_user(&self, role: &str) -> (String, String) {
        let users = self.banner["users"].as_array().unwrap();
        let user = users.iter().find(|user| user["role"] == role).unwrap();
        let text = |field: &str| user[field].as_str().unwrap().to_owned();
        (text("email"), text("password"))
    }

    pub async fn manager(&self) -> Person<'_> {
        let (email, password) = self.demo_user("manager");
        self.log_in(&email, &password).await
    }

    /// The demo admin, who sets a second factor up first.
    pub async fn admin(&self) -> Person<'_> {
        let (email, password) = self.demo_user("admin");
        let admin = self.log_in(&email, &password).await;
        let authenticator = Authenticator::set_up(&admin, &password).await;
        authenticator.confirm(&admin).await.expect(200);
        admin.refreshed().await
    }

    pub async fn try_log_in(&self, email: &str, password: &str) -> Answer {
        self.post("/api/v1/sessions", json!({ "email": email, "password": password })).await
    }

    pub async fn log_in(&self, email: &str, password: &str) -> Person<'_> {
        let answer = self.try_log_in(email, password).await;
        self.logged_in(&answer)
    }

    /// Whom an answer with tokens is for.
    #[track_caller]
    pub fn logged_in(&self, answer: &Answer) -> Person<'_> {
        let data = answer.expect(200);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Person {
            shop: self,
            token: text(&data["accessToken"]),
            refresh_token: text(&data["refreshToken"]),
            id: text(&data["customer"]["id"]),
            email: text(&data["customer"]["email"]),
        }
    }

    /// A new customer, logged in.
    pub async fn customer(&self) -> Person<'_> {
        self.customer_with(&format!("{}@example.com", uuid::Uuid::new_v4()), PASSWORD).await
    }

    pub async fn customer_with(&self, email: &str, password: &str) -> Person<'_> {
        let new = json!({ "email": email, "name": "Test Customer", "password": password });
        self.post("/api/v1/customers", new).await.expect(202);
        let token = self.mailed_token(email, "verify").await;
        self.post("/api/v1/email-verifications", json!({ "token": token })).await.expect(200);
        self.log_in(email, password).await
    }

    /// The mails to an address, newest first.
    pub async fn mails(&self, email: &str) -> Vec<Value> {
        let request = self.request(Method::GET, &format!("/mail.json?to={email}"));
        request.send().await.unwrap().json().await.unwrap()
    }

    /// The mail to an address with this subject, once it is there.
    pub async fn mail(&self, email: &str, subject: &str) -> Value {
        let started = Instant::now();
        loop {
            let mails = self.mails(email).await;
            if let Some(mail) = mails.into_iter().find(|mail| mail["subject"] == subject) {
                return mail;
            }
            assert!(started.elapsed() < PATIENCE, "no mail about {subject:?} came");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The token of the link in the newest mail to an address that has one for the action; never the same twice.
    pub async fn mailed_token(&self, email: &str, action: &str) -> String {
        let started = Instant::now();
        loop {
            let mails = self.mails(email).await;
            let tokens = mails.iter().filter_map(|mail| token_in(mail["text"].as_str()?, action));
            if let Some(token) = tokens.into_iter().find(|token| secrets::remember(token)) {
                return token;
            }
            assert!(started.elapsed() < PATIENCE, "no mail came");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What the shop has logged since it was first started.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log.path().join("log")).unwrap()
    }
}

fn token_in(text: &str, action: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("#{action}="))?;
    Some(rest.split_whitespace().next()?.to_owned())
}

impl Drop for Shop {
    fn drop(&mut self) {
        for child in [Some(&mut self.process), self.redis.as_mut()].into_iter().flatten() {
            let _ = child.kill();
            let _ = child.wait();
        }
        // Every test looks: no log line of any shop holds a secret that any test used.
        if !std::thread::panicking() {
            secrets::assert_none_in(&self.log());
        } else {
            let log = self.log();
            let last: Vec<&str> = log.lines().rev().take(30).collect();
            eprintln!("the end of the shop's log:\n{}", last.into_iter().rev().collect::<Vec<_>>().join("\n"));
        }
    }
}

fn start(folder: &Path, log: &Path, environment: &[(&'static str, String)], arguments: &[String]) -> (Child, Value) {
    let mut process = spawn(folder, log, environment, arguments);
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let banner: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("souk did not start: {line:?}"));
    secrets::remember_in(&banner);
    (process, banner)
}

fn spawn(folder: &Path, log: &Path, environment: &[(&'static str, String)], arguments: &[String]) -> Child {
    let log = OpenOptions::new().create(true).append(true).open(log.join("log")).unwrap();
    // Free ports, unless a test asks for one that it knows.
    let ports = ["--http-port", "--ws-port", "--sandbox-port"].into_iter();
    let free = ports.filter(|port| !arguments.iter().any(|argument| argument == port)).flat_map(|port| [port, "0"]);
    Command::new(env!("CARGO_BIN_EXE_souk"))
        .args(free)
        .args(["--banner", "json", "--data"])
        .arg(folder)
        .args(arguments)
        // What the developer's shell names may be a real shop.
        .env_remove("SOUK_STORE_URL")
        .env_remove("SOUK_REDIS_URL")
        .env_remove("SOUK_DYNAMODB_ENDPOINT")
        .env_remove("SOUK_MAIL_URL")
        .env_remove("SOUK_RATE_LIMIT_FACTOR")
        .env_remove("SOUK_PAYMENT_URL")
        .env_remove("SOUK_PAYMENT_WINDOW")
        .env_remove("SOUK_OUTBOX_DAYS")
        .env_remove("OTEL_EXPORTER_OTLP_ENDPOINT")
        .arg("--demo")
        .stdout(Stdio::piped())
        // All that Souk says, and more than usual of those who see secrets.
        .env("SOUK_LOG", "info,souk=trace,axum=debug,lettre=debug,redis=debug,tiberius=debug")
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stderr(log)
        .spawn()
        .unwrap()
}

fn start_redis_server(folder: &Path) -> (Child, String) {
    let (child, port) = redis_server(folder, "--port", &[]);
    (child, format!("redis://127.0.0.1:{port}"))
}

/// A `redis-server` of one's own, and its port, which `port_option` tells it.
pub fn redis_server(folder: &Path, port_option: &str, options: &[&str]) -> (Child, u16) {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let child = Command::new("redis-server")
        .args([port_option, &port.to_string(), "--bind", "127.0.0.1", "--appendonly", "yes", "--save", "", "--dir"])
        .arg(folder)
        .args(options)
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is installed");
    let started = Instant::now();
    while std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(started.elapsed() < PATIENCE, "redis-server did not start");
        std::thread::sleep(Duration::from_millis(5));
    }
    (child, port)
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
    pub refresh_token: String,
    pub id: String,
    pub email: String,
}

impl<'a> Person<'a> {
    pub async fn try_refresh(&self) -> Answer {
        self.shop.post("/api/v1/sessions/refresh", json!({ "refreshToken": self.refresh_token })).await
    }

    /// The same session with its next tokens.
    pub async fn refreshed(&self) -> Person<'a> {
        self.shop.logged_in(&self.try_refresh().await)
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.shop.request(method, path).bearer_auth(&self.token)
    }

    /// The same person with another token.
    pub fn with_token(&self, token: String) -> Person<'a> {
        Person { token, ..self.clone() }
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

    /// A rule of pricing, from now on.
    pub async fn rule(&self, path: &str, rule: Value) {
        send(self.request(Method::PUT, &format!("/api/v1/{path}")).json(&rule)).await.expect(200);
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
    secrets::remember_sent(&request);
    let (client, request) = request.build_split();
    let request = request.unwrap();
    let (method, url) = (request.method().clone(), request.url().clone());
    let response = client.execute(request).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    let mut body: Value = serde_json::from_str(&text).unwrap_or_default();
    secrets::remember_in(&body);
    let mut take = |field: &str| body[field].take();
    let (data, errors, metadata) = (take("data"), take("errors"), take("metadata"));
    let answer = Answer { status, headers, text, data, errors, metadata };
    described::check(&method, &url, &answer);
    answer
}

/// Asks again and again until the answer is yes.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut ask: impl FnMut() -> F) {
    let started = Instant::now();
    while !ask().await {
        assert!(started.elapsed() < PATIENCE, "{what} did not come true");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
