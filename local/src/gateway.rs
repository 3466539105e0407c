//! A WebSocket API as API Gateway runs it: connection ids, routes chosen by `$request.body.action`, `@connections`, and the
//! limits that a function meets there.

use crate::functions::Functions;
use crate::tasks::Tasks;
use anyhow::Result;
use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::{Value, json};
use souk_domain::DateTime;
use souk_realtime::{SocketReply, SocketRequest};
use souk_template::{Template, Trigger};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Largest frame that a browser may send.
const FRAME: usize = 32 << 10;
/// Largest message in either direction.
const MESSAGE: usize = 128 << 10;
/// How long a connection may be silent.
const IDLE: Duration = Duration::from_secs(10 * 60);
/// How long a connection may live.
const LIFE: Duration = Duration::from_secs(2 * 60 * 60);
/// Messages that wait for one slow browser. One that lets more come up is disconnected: it comes back, and asks for what it missed.
const WAITING: usize = 256;
/// How long a browser that is disconnected may take for what was posted before.
const PATIENCE: Duration = Duration::from_secs(1);
/// What is read and written at once. The library's own buffers are meant for few connections with much to say.
const BUFFER: usize = 2 << 10;

/// The gateway.
#[derive(Clone)]
pub(crate) struct Gateway {
    functions: Functions,
    /// The function of each route key.
    routes: Arc<HashMap<String, String>>,
    connections: Arc<Mutex<HashMap<String, Connection>>>,
    tasks: Tasks,
}

/// An open connection, as `@connections` sees it.
#[derive(Clone)]
struct Connection {
    messages: mpsc::Sender<String>,
    close: CancellationToken,
    connected_at: DateTime,
    last_active_at: DateTime,
    user_agent: String,
}

impl Gateway {
    pub(crate) fn new(template: &Template, functions: Functions, tasks: Tasks) -> Result<Self> {
        let routes: HashMap<_, _> = template
            .functions()
            .iter()
            .filter_map(|function| match &function.trigger {
                Trigger::Socket { route } => Some((route.clone(), function.name.clone())),
                _ => None,
            })
            .collect();
        for route in ["$connect", "$disconnect", "$default"] {
            anyhow::ensure!(routes.contains_key(route), "template.yaml has no route {route}");
        }
        Ok(Self { functions, routes: Arc::new(routes), connections: Arc::default(), tasks })
    }

    pub(crate) fn router(self) -> Router {
        Router::new()
            .route("/", get(open))
            .route("/@connections/{id}", post(post_message).get(describe).delete(close))
            // Above the limit, so that the answer is the gateway's own.
            .layer(DefaultBodyLimit::max(MESSAGE * 8))
            .with_state(self)
    }

    fn connections(&self) -> MutexGuard<'_, HashMap<String, Connection>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, id: &str) -> Option<Connection> {
        self.connections().get(id).cloned()
    }

    async fn invoke(&self, route: &str, request: SocketRequest) -> Result<SocketReply, souk_domain::Error> {
        let function = self.routes.get(route).or_else(|| self.routes.get("$default"));
        // Apart, or each idle connection would have the room for a function at work in it.
        Box::pin(self.functions.socket(function.map_or(route, String::as_str), request)).await
    }

    /// Serves one connection until either side ends it.
    async fn serve(self, id: String, user_agent: String, mut socket: WebSocket) {
        let (messages, mut outgoing) = mpsc::channel(WAITING);
        let close = self.tasks.stopping().child_token();
        let now = souk_domain::now();
        let connection =
            Connection { messages, close: close.clone(), connected_at: now, last_active_at: now, user_agent };
        self.connections().insert(id.clone(), connection);
        let end_of_life = Instant::now() + LIFE;
        let mut silent_until = Instant::now() + IDLE;
        let code = loop {
            tokio::select! {
                received = socket.recv() => match self.receive(&id, received).await {
                    Received::Answer(answer) => {
                        if let Some(answer) = answer && !say(&mut socket, answer, &close).await {
                            break None;
                        }
                    }
                    Received::End(code) => break code,
                },
                Some(message) = outgoing.recv() => {
                    if !say(&mut socket, message, &close).await {
                        break None;
                    }
                }
                () = close.cancelled() => break Some(1001),
                () = sleep_until(end_of_life) => break Some(1001),
                () = sleep_until(silent_until) => break Some(1001),
            }
            silent_until = Instant::now() + IDLE;
            if let Some(connection) = self.connections().get_mut(&id) {
                connection.last_active_at = souk_domain::now();
            }
        };
        self.connections().remove(&id);
        if let Some(code) = code {
            let last_words = async {
                // What was posted before the end is told before it. The browser may be gone already.
                while let Ok(message) = outgoing.try_recv() {
                    let _ = socket.send(Message::text(message)).await;
                }
                let _ = socket.send(Message::Close(Some(CloseFrame { code, reason: "".into() }))).await;
            };
            // One that takes nothing more is not waited for.
            let _ = tokio::time::timeout(PATIENCE, last_words).await;
        }
        // Its failure is in the log, and nobody is there to hear of it.
        drop(self.invoke("$disconnect", event(&id, "DISCONNECT", "$disconnect", json!({}))).await);
    }

    async fn receive(&self, id: &str, received: Option<Result<Message, axum::Error>>) -> Received {
        match received {
            Some(Ok(Message::Text(text))) => Received::Answer(self.answer(id, text.as_str()).await),
            // API Gateway has no binary messages.
            Some(Ok(Message::Binary(_))) => Received::End(Some(1003)),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Received::Answer(None),
            Some(Ok(Message::Close(_))) | None => Received::End(None),
            // Too large, or not what the protocol allows.
            Some(Err(_)) => Received::End(Some(1009)),
        }
    }

    /// Sends a message to the function of its route; what to say back.
    async fn answer(&self, id: &str, text: &str) -> Option<String> {
        let body: Option<Value> = serde_json::from_str(text).ok();
        let action = body.as_ref().and_then(|body| body["action"].as_str()).unwrap_or("$default");
        // Clients cannot choose the routes that are the gateway's own.
        let route = if action.starts_with('$') || !self.routes.contains_key(action) { "$default" } else { action };
        match self.invoke(route, event(id, "MESSAGE", route, json!({ "body": text }))).await {
            Ok(reply) => reply.body,
            Err(_) => Some(json!({ "message": "Internal server error", "connectionId": id }).to_string()),
        }
    }
}

/// Sends a message, unless the connection ends while the browser does not take it.
async fn say(socket: &mut WebSocket, message: String, close: &CancellationToken) -> bool {
    tokio::select! {
        // What can be sent at once is sent, also when the end has come.
        biased;
        sent = socket.send(Message::text(message)) => sent.is_ok(),
        () = close.cancelled() => false,
    }
}

enum Received {
    /// Go on, after saying this.
    Answer(Option<String>),
    /// End, with this close code.
    End(Option<u16>),
}

/// The event that API Gateway makes.
fn event(id: &str, kind: &str, route: &str, more: Value) -> SocketRequest {
    let now = souk_domain::now().timestamp_millis();
    let mut event = json!({
        "requestContext": {
            "routeKey": route,
            "eventType": kind,
            "connectionId": id,
            "connectedAt": now,
            "requestTimeEpoch": now,
            "requestId": uuid::Uuid::new_v4().to_string(),
            "stage": "live",
            "apiId": "local",
        },
        "isBase64Encoded": false,
    });
    if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
        event.extend(more);
    }
    serde_json::from_value(event).unwrap_or_default()
}

/// Opens a connection when `$connect` agrees.
async fn open(
    State(gateway): State<Gateway>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    // As API Gateway's look: 12 bytes in base64.
    let id = URL_SAFE.encode(&uuid::Uuid::new_v4().as_bytes()[..12]);
    let readable = headers.iter().filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
    let headers: HashMap<String, String> = readable.collect();
    let user_agent = headers.get("user-agent").cloned().unwrap_or_default();
    let more = json!({ "headers": headers, "queryStringParameters": query });
    match gateway.invoke("$connect", event(&id, "CONNECT", "$connect", more)).await {
        Ok(SocketReply { status_code: 200..300, .. }) => upgrade
            .max_frame_size(FRAME)
            .max_message_size(MESSAGE)
            .read_buffer_size(BUFFER)
            .write_buffer_size(BUFFER)
            .max_write_buffer_size(2 * MESSAGE)
            // Who is connected when the system stops is told so, and `$disconnect` hears of it.
            .on_upgrade(move |socket| gateway.tasks.clone().track(gateway.serve(id, user_agent, socket))),
        Ok(SocketReply { status_code, .. }) => {
            StatusCode::from_u16(status_code).unwrap_or(StatusCode::FORBIDDEN).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn refusal(status: StatusCode, kind: &str) -> Response {
    (status, [("x-amzn-errortype", kind)], Json(json!({ "message": kind }))).into_response()
}

fn gone() -> Response {
    refusal(StatusCode::GONE, "GoneException")
}

async fn post_message(State(gateway): State<Gateway>, Path(id): Path<String>, body: Bytes) -> Response {
    if body.len() > MESSAGE {
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeException");
    }
    let Ok(message) = String::from_utf8(body.into()) else {
        return refusal(StatusCode::BAD_REQUEST, "BadRequestException");
    };
    let Some(connection) = gateway.find(&id) else { return gone() };
    match connection.messages.try_send(message) {
        Ok(()) => StatusCode::OK.into_response(),
        Err(_) => {
            connection.close.cancel();
            gone()
        }
    }
}

async fn describe(State(gateway): State<Gateway>, Path(id): Path<String>) -> Response {
    let Some(connection) = gateway.find(&id) else { return gone() };
    Json(json!({
        "connectedAt": connection.connected_at,
        "lastActiveAt": connection.last_active_at,
        "identity": { "sourceIp": "127.0.0.1", "userAgent": connection.user_agent },
    }))
    .into_response()
}

async fn close(State(gateway): State<Gateway>, Path(id): Path<String>) -> Response {
    let Some(connection) = gateway.find(&id) else { return gone() };
    connection.close.cancel();
    StatusCode::NO_CONTENT.into_response()
}
