//! Microsoft's own SignalR client against a shop. `make test-signalr` installs it and runs these.

use crate::harness::{Proxy, Shop};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// `tests/signalr/client.mjs` in a process of Node.
struct Client {
    _process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    told: VecDeque<Value>,
    asked: u64,
}

impl Client {
    /// Starts it; the first thing it tells is whether it is connected.
    async fn start(options: Value) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let folder = root.join("target/signalr");
        assert!(folder.join("node_modules").exists(), "make signalr-client installs the client");
        let mut process = Command::new("node")
            .arg(folder.join("client.mjs"))
            .arg(options.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Node is installed");
        let (input, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let output = BufReader::new(output).lines();
        Self { _process: process, input, output, told: VecDeque::new(), asked: 0 }
    }

    async fn connected(options: Value) -> Self {
        let mut client = Self::start(options).await;
        client.told_that("connected").await;
        client
    }

    async fn next(&mut self) -> Value {
        let line = tokio::time::timeout(PATIENCE, self.output.next_line()).await.expect("a line in time");
        serde_json::from_str(&line.unwrap().expect("a process that goes on")).unwrap()
    }

    /// The next thing that is told and wanted; what is told before it is kept.
    async fn tells(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(place) = self.told.iter().position(&wanted) {
            return self.told.remove(place).unwrap();
        }
        loop {
            let told = self.next().await;
            if wanted(&told) {
                return told;
            }
            self.told.push_back(told);
        }
    }

    async fn told_that(&mut self, state: &str) {
        let told = self.tells(|told| told["state"].is_string()).await;
        assert_eq!(told["state"], state, "{told}");
    }

    /// What a promise becomes.
    async fn does(&mut self, mut what: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        what["id"] = json!(id);
        self.input.write_all(format!("{what}\n").as_bytes()).await.unwrap();
        self.tells(|told| told["id"] == id).await
    }

    async fn invoke(&mut self, target: &str, argument: &str) -> Value {
        self.does(json!({ "invoke": target, "arguments": [argument] })).await
    }

    async fn subscribe(&mut self, topic: &str) {
        let answer = self.invoke("Subscribe", topic).await;
        assert_eq!(answer.get("rejected"), None, "{topic}");
    }

    /// The message of the next call of a handler that is the wanted one.
    async fn hears(&mut self, handler: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut told = self.tells(|told| told["called"] == handler && wanted(&told["arguments"][0])).await;
        assert_eq!(told["arguments"].as_array().map(Vec::len), Some(1), "{told}");
        told["arguments"][0].take()
    }
}

/// The address as the client wants it: it makes `ws` of `http` itself.
fn url(shop: &Shop) -> String {
    shop.banner["webSocket"].as_str().unwrap().replace("ws://", "http://")
}

#[tokio::test]
#[ignore = "needs Node and npm: make test-signalr"]
async fn the_client_connects_subscribes_and_has_its_handlers_called() {
    let shop = Shop::open().await;
    let (manager, ada) = (shop.manager().await, shop.customer().await);
    let product = manager.product("CLIENT", 100, 10).await;
    let (stock, own) = (format!("product/{product}"), format!("customer/{}", ada.id));
    // In a browser the token goes into the address, in Node into a header.
    for as_browser in [true, false] {
        let mut client =
            Client::connected(json!({ "url": url(&shop), "token": ada.token, "asBrowser": as_browser })).await;
        client.subscribe(&stock).await;
        client.subscribe(&own).await;
        let order = ada.order(&[(&product, 2)]).await.expect(201)["id"].as_str().unwrap().to_owned();
        let told = client.hears("OrderStatusChanged", |message| message["data"]["orderId"] == order.as_str()).await;
        assert_eq!((&told["type"], &told["topic"]), (&json!("OrderStatusChanged"), &json!(own)));
        let told = client.hears("InventoryUpdated", |message| message["data"]["reserved"] == 2).await;
        assert_eq!((&told["type"], &told["topic"]), (&json!("InventoryUpdated"), &json!(stock)));
        ada.post(&format!("/api/v1/orders/{order}/cancel"), json!({})).await.expect(200);
        client.hears("InventoryUpdated", |message| message["data"]["reserved"] == 0).await;
        assert_eq!(client.invoke("Unsubscribe", &stock).await.get("rejected"), None);
        client.does(json!({ "stop": true })).await;
        client.told_that("closed").await;
    }
}

#[tokio::test]
#[ignore = "needs Node and npm: make test-signalr"]
async fn what_is_refused_rejects_the_clients_promise() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let own = format!("customer/{}", ada.id);
    let mut guest = Client::connected(json!({ "url": url(&shop), "asBrowser": true })).await;
    for (target, argument, code) in [
        ("Subscribe", own.as_str(), "forbidden: "),
        ("Subscribe", "nonsense", "invalid_id: "),
        ("Fly", "catalog", "invalid_request: "),
    ] {
        let answer = guest.invoke(target, argument).await;
        assert!(answer["rejected"].as_str().unwrap().contains(code), "{answer}");
    }
    // A guest who logs in goes on with the same connection.
    assert!(guest.invoke("Authenticate", &ada.token).await["returned"].is_string());
    guest.subscribe(&own).await;

    let mut forged = Client::start(json!({ "url": url(&shop), "token": "nonsense", "asBrowser": true })).await;
    forged.told_that("refused").await;
}

#[tokio::test]
#[ignore = "needs Node and npm: make test-signalr"]
async fn a_connection_outlives_the_clients_patience_with_a_silent_server() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let product = manager.product("AWAKE", 100, 0).await;
    let patience = json!({ "url": url(&shop), "serverTimeout": 2000, "keepAlive": 500, "reconnectAfter": [] });
    let mut client = Client::connected(patience).await;
    client.subscribe(&format!("product/{product}")).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    // What wants no answer lays the client's next ping down.
    let sent = client.does(json!({ "send": "Subscribe", "arguments": ["catalog"] })).await;
    assert_eq!(sent.get("rejected"), None);
    tokio::time::sleep(Duration::from_secs(5)).await;
    manager.restock(&product, 3).await;
    client.hears("InventoryUpdated", |message| message["data"]["onHand"] == 3).await;
    assert!(client.told.iter().all(|told| told.get("state").is_none()), "{:?}", client.told);
}

#[tokio::test]
#[ignore = "needs Node and npm: make test-signalr"]
async fn the_client_comes_back_by_itself_and_subscribes_again() {
    let mut shop = Shop::open().await;
    let gateway = url(&shop).trim_start_matches("http://").to_owned();
    let proxy = Proxy::start(&gateway).await;
    let options = json!({ "url": format!("http://{}", proxy.address), "asBrowser": true });
    let mut client = Client::connected(options).await;
    client.subscribe("catalog").await;

    // The network fails.
    proxy.cut();
    client.told_that("reconnecting").await;
    proxy.restore();
    client.told_that("reconnected").await;
    let product = shop.manager().await.product("BACK", 100, 0).await;
    client.subscribe(&format!("product/{product}")).await;
    shop.manager().await.restock(&product, 4).await;
    client.hears("InventoryUpdated", |message| message["data"]["onHand"] == 4).await;

    // The shop is killed and starts again at the same port.
    let port = gateway.rsplit(':').next().unwrap().to_owned();
    shop.kill();
    client.told_that("reconnecting").await;
    shop.start_again_with(&["--ws-port", &port]);
    client.told_that("reconnected").await;
    client.subscribe(&format!("product/{product}")).await;
    shop.manager().await.restock(&product, 5).await;
    client.hears("InventoryUpdated", |message| message["data"]["onHand"] == 9).await;
}
