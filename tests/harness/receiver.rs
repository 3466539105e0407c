use super::eventually;
use aws_lc_rs::hmac;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

type Answer = Box<dyn FnMut(&Post) -> u16 + Send>;

/// A third party that hears of what happens in the shop.
pub struct Receiver {
    address: SocketAddr,
    inside: Inside,
}

#[derive(Clone)]
struct Inside {
    posts: Arc<Mutex<Vec<Post>>>,
    answer: Arc<Mutex<Answer>>,
    /// Taken by each answer.
    open: Arc<Semaphore>,
}

/// What arrived.
#[derive(Clone, Debug)]
pub struct Post {
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Receiver {
    /// Answers 204 to everything.
    pub async fn open() -> Self {
        Self::open_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// At an address where one was before.
    pub async fn open_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let inside = Inside {
            posts: Arc::default(),
            answer: Arc::new(Mutex::new(Box::new(|_| 204))),
            open: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
        };
        let router = Router::new().fallback(take).with_state(inside.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, inside }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        format!("http://{}/hooks", self.address)
    }

    /// What it answers from now on.
    pub fn answers(&self, answer: impl FnMut(&Post) -> u16 + Send + 'static) {
        *self.inside.answer.lock().unwrap() = Box::new(answer);
    }

    /// Answers nothing until it is opened.
    pub fn shut(&self) {
        self.inside.open.forget_permits(Semaphore::MAX_PERMITS);
    }

    /// Answers again, also what came meanwhile.
    pub fn let_in(&self) {
        self.inside.open.add_permits(1000);
    }

    pub fn posts(&self) -> Vec<Post> {
        self.inside.posts.lock().unwrap().clone()
    }

    /// What has arrived, once there is so much of it.
    pub async fn arrived(&self, number: usize) -> Vec<Post> {
        eventually("the posts", async || self.posts().len() >= number).await;
        self.posts()
    }
}

async fn take(State(inside): State<Inside>, uri: Uri, headers: HeaderMap, body: String) -> StatusCode {
    let post = Post { path: uri.path().to_owned(), headers, body };
    inside.posts.lock().unwrap().push(post.clone());
    let _open = inside.open.acquire().await.unwrap();
    StatusCode::from_u16((inside.answer.lock().unwrap())(&post)).unwrap()
}

impl Post {
    pub fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Whether one of the signatures is by a secret.
    pub fn is_signed_by(&self, secret: &str) -> bool {
        let secret = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let signed = format!("{}.{}.{}", self.header("webhook-id"), self.header("webhook-timestamp"), self.body);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        self.header("webhook-signature").split(' ').any(|signature| {
            let signature = STANDARD.decode(signature.strip_prefix("v1,").unwrap()).unwrap();
            hmac::verify(&key, signed.as_bytes(), &signature).is_ok()
        })
    }
}
