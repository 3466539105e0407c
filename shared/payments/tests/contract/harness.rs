//! A sandbox that listens, a shop's inbox for its notices, and a provider that speaks to it.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use souk_domain::ports::PaymentProvider;
use souk_domain::{
    CaptureMode, Charge, CurrencyCode, Money, OrderId, PaymentId, PaymentMethod, ProviderAnswer, ProviderPayment,
};
use souk_payments::StripeProvider;
use souk_sandbox::{Sandbox, SandboxSettings};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub const SECRET_KEY: &str = "sk_sandbox_hush";
pub const WEBHOOK_SECRET: &str = "whsec_hush";

/// How late a late notice is.
pub const LATE: Duration = Duration::from_secs(1);
/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Everything that a test of payments needs.
pub struct Shop {
    pub sandbox: Sandbox,
    pub provider: StripeProvider,
    pub inbox: Inbox,
    pub folder: TempDir,
    address: String,
    servers: Vec<JoinHandle<()>>,
    stop: CancellationToken,
}

impl Shop {
    /// A shop whose sandbox delivers notices.
    pub async fn open() -> Self {
        Self::open_in(tempfile::tempdir().unwrap(), Inbox::default(), 0).await
    }

    pub async fn open_in(folder: TempDir, inbox: Inbox, seed: u64) -> Self {
        let (inbox_address, inbox_server) = inbox.serve().await;
        let mut settings = SandboxSettings::new(
            SECRET_KEY.to_owned().into(),
            WEBHOOK_SECRET.to_owned().into(),
            &format!("http://{inbox_address}/webhooks"),
        );
        settings.seed = seed;
        // Longer than any test: what is held never comes.
        settings.hold = Duration::from_secs(600);
        settings.settle = Duration::from_millis(50);
        // Long enough that what is sent at once arrives before it on a busy machine.
        settings.late = LATE;
        settings.retry = Duration::from_millis(10);
        let sandbox = Sandbox::open(&file(folder.path()), settings).unwrap();
        let (address, server) = serve(sandbox.router()).await;
        let stop = CancellationToken::new();
        let delivery = tokio::spawn({
            let (sandbox, stop) = (sandbox.clone(), stop.clone());
            async move { sandbox.deliver_webhooks(stop).await }
        });
        let provider = provider(&address, "");
        Self { sandbox, provider, inbox, folder, address, servers: vec![inbox_server, server, delivery], stop }
    }

    /// Where the sandbox listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Another provider, such as one with `?timeout_ms=300`.
    pub fn provider(&self, parameters: &str) -> StripeProvider {
        provider(&self.address, parameters)
    }

    /// Makes the sandbox forget keys, as Stripe does after a day.
    pub fn forget_keys(&self) {
        let tables = rusqlite::Connection::open(file(self.folder.path())).unwrap();
        tables.busy_timeout(PATIENCE).unwrap();
        tables.execute("DELETE FROM answer", []).unwrap();
    }

    /// What the sandbox has on its books.
    pub async fn books(&self) -> Value {
        let url = format!("http://{}/books", self.address);
        reqwest::Client::new().get(url).bearer_auth(SECRET_KEY).send().await.unwrap().json().await.unwrap()
    }

    /// Charges and expects an answer about the payment.
    pub async fn pay(&self, charge: &Charge) -> ProviderPayment {
        taken(self.provider.charge(charge).await.unwrap())
    }

    /// Asks for a payment until it is as wanted.
    pub async fn wait_for(&self, id: PaymentId, is_wanted: impl Fn(&ProviderPayment) -> bool) -> ProviderPayment {
        let search = async {
            loop {
                match self.provider.payment(id, None).await.unwrap() {
                    Some(payment) if is_wanted(&payment) => break payment,
                    _ => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        };
        tokio::time::timeout(PATIENCE, search).await.expect("the payment gets there")
    }

    /// Stops everything at once, as a crash does, and gives back the folder.
    pub async fn crash(self) -> TempDir {
        for server in &self.servers {
            server.abort();
        }
        for server in self.servers {
            let _ = server.await;
        }
        self.stop.cancel();
        self.folder
    }
}

fn file(folder: &Path) -> std::path::PathBuf {
    folder.join("sandbox.db")
}

pub fn provider(address: &str, parameters: &str) -> StripeProvider {
    let url = format!("sandbox://{SECRET_KEY}:{WEBHOOK_SECRET}@{address}{parameters}");
    StripeProvider::new(&url.into()).unwrap()
}

pub async fn serve(router: Router) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (address, tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }))
}

pub fn money(minor: i64, currency: &str) -> Money {
    Money::new(minor, CurrencyCode::parse(currency).unwrap()).unwrap()
}

/// A wish to be paid GBP 12.99 with this method.
pub fn charge(method: &str) -> Charge {
    Charge {
        order_id: OrderId::new(),
        payment_id: PaymentId::new(),
        description: "Order S-1001".to_owned(),
        amount: money(1299, "GBP"),
        method: PaymentMethod::parse(method).unwrap(),
        capture: CaptureMode::Automatic,
        return_url: "http://shop.example/orders?tab=1".to_owned(),
    }
}

/// The same, to be captured later.
pub fn hold(method: &str) -> Charge {
    Charge { capture: CaptureMode::Manual, ..charge(method) }
}

pub fn taken(answer: ProviderAnswer) -> ProviderPayment {
    match answer {
        ProviderAnswer::Taken(payment) => payment,
        ProviderAnswer::Refused { code, .. } => panic!("refused: {code}"),
    }
}

pub fn refused(answer: ProviderAnswer) -> String {
    match answer {
        ProviderAnswer::Refused { code, .. } => code,
        ProviderAnswer::Taken(payment) => panic!("taken: {payment:?}"),
    }
}

/// A notice as it arrived.
#[derive(Clone, Debug)]
pub struct Arrived {
    pub at: Instant,
    pub signature: String,
    pub body: String,
}

impl Arrived {
    fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn id(&self) -> String {
        self.event()["id"].as_str().unwrap().to_owned()
    }

    pub fn kind(&self) -> String {
        self.event()["type"].as_str().unwrap().to_owned()
    }
}

/// Where notices arrive.
#[derive(Clone, Default)]
pub struct Inbox {
    arrived: Arc<Mutex<Vec<Arrived>>>,
    refusals: Arc<AtomicUsize>,
}

impl Inbox {
    /// An inbox that refuses the first `refusals` notices.
    pub fn refusing(refusals: usize) -> Self {
        Self { refusals: Arc::new(refusals.into()), ..Self::default() }
    }

    async fn serve(&self) -> (String, JoinHandle<()>) {
        serve(Router::new().route("/webhooks", post(take)).with_state(self.clone())).await
    }

    /// Everything that was taken so far.
    pub fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }

    pub fn kinds(&self) -> Vec<String> {
        self.arrived().iter().map(Arrived::kind).collect()
    }

    pub async fn wait_for(&self, is_wanted: impl Fn(&[Arrived]) -> bool) -> Vec<Arrived> {
        let search = async {
            loop {
                let arrived = self.arrived();
                if is_wanted(&arrived) {
                    break arrived;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, search).await.expect("the notices arrive")
    }
}

async fn take(State(inbox): State<Inbox>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let less = |left: usize| left.checked_sub(1);
    if inbox.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let signature = headers["stripe-signature"].to_str().unwrap().to_owned();
    let body = String::from_utf8(body.to_vec()).unwrap();
    inbox.arrived.lock().unwrap().push(Arrived { at: Instant::now(), signature, body });
    StatusCode::OK
}
