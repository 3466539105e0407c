//! Lambda's runtime API, as far as the start of one process needs it.

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// How long an invocation may take; functions that use up their time use up this.
const TIME: Duration = Duration::from_secs(3);

/// What a function did.
pub(super) enum Deed {
    /// It asked for something to do: it has started.
    Ready(Instant),
    /// It answered.
    Answered(Instant, Value),
    /// It failed, at the start or at the event.
    Failed(Instant, Value),
}

/// The API for one process, which gets one event, or none.
pub(super) struct Runtime {
    pub(super) address: SocketAddr,
    pub(super) deeds: UnboundedReceiver<Deed>,
    server: JoinHandle<()>,
}

struct Shared {
    /// Until it was given out.
    event: Mutex<Option<String>>,
    deeds: UnboundedSender<Deed>,
}

impl Runtime {
    pub(super) async fn serve(event: Option<String>) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (sender, deeds) = unbounded_channel();
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answered))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failed))
            .route("/2018-06-01/runtime/init/error", post(failed))
            .with_state(Arc::new(Shared { event: Mutex::new(event), deeds: sender }));
        let server = tokio::spawn(async move {
            // It ends with this value.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, deeds, server })
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Nobody listens any more once the measurement has what it wants.
fn tell(shared: &Shared, deed: Deed) {
    let _ = shared.deeds.send(deed);
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    let now = Instant::now();
    tell(&shared, Deed::Ready(now));
    let event = shared.event.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(event) = event else {
        // There is nothing to do; Lambda would freeze the process now.
        return std::future::pending().await;
    };
    let deadline = (SystemTime::now() + TIME).duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-2:123456789012:function:cold".to_owned()),
        ("lambda-runtime-trace-id", "Root=1-6553f1c0-4d1e7a2b9c6f3058e4a1d72b".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, event).into_response()
}

async fn answered(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    let now = Instant::now();
    tell(&shared, Deed::Answered(now, serde_json::from_slice(&body).unwrap_or_default()));
    StatusCode::ACCEPTED
}

async fn failed(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    let now = Instant::now();
    tell(&shared, Deed::Failed(now, serde_json::from_slice(&body).unwrap_or_default()));
    StatusCode::ACCEPTED
}
