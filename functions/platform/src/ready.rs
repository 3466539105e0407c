//! `GET /api/v1/ready`: whether each part that the shop stands on answers, and how fast. For everybody.

use axum::extract::{FromRef, State};
use serde::Serialize;
use souk_domain::Error;
use souk_domain::ports::{ConnectionTable, Outbox};
use souk_domain::realtime::ConnectionId;
use souk_lambda::{ApiError, Copies, Envelope, QueryFailures, Reply, in_ms, router};
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// How long a part may take to answer before it counts as away: whoever asks wants to know now.
const PATIENCE: Duration = Duration::from_secs(2);

/// The parts.
#[derive(Clone, FromRef)]
pub struct Parts {
    /// The system of record.
    pub store: Arc<dyn Outbox>,
    /// Cache, sessions, carts and event streams.
    pub redis: Copies,
    /// Which browsers are connected.
    pub connections: Arc<dyn ConnectionTable>,
}

/// How the shop is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// `degraded` when a part is away that orders do without.
    status: Condition,
    /// The system of record. It is away in no successful answer.
    store: Part,
    /// Cache, sessions, carts and event streams.
    redis: Part,
    /// The table of connected browsers.
    connections: Part,
}

/// How a part is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// `down` when it did not answer within two seconds.
    status: Condition,
    /// How long it took to answer, or to be given up, in milliseconds.
    #[schema(example = 1.4)]
    latency_ms: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Condition {
    Ok,
    Degraded,
    Down,
}

/// Look at the parts
///
/// 503 when the system of record does not answer: nothing works without it. Without Redis nobody logs in and events arrive later, without
/// the table of connections browsers are told nothing: `degraded`.
#[utoipa::path(
    get,
    path = "/api/v1/ready",
    tag = "platform",
    responses((status = 200, description = "The shop works", body = Envelope<Readiness>), QueryFailures),
)]
async fn ready(
    State(store): State<Arc<dyn Outbox>>,
    State(redis): State<Copies>,
    State(connections): State<Arc<dyn ConnectionTable>>,
) -> Result<Reply<Readiness>, ApiError> {
    let nobody = ConnectionId("ready".to_owned());
    let (store, redis, connections) =
        tokio::join!(look(store.ping()), look(redis.ping()), look(connections.connection(&nobody)));
    if store.status == Condition::Down {
        return Err(Error::Unavailable("the store does not answer".to_owned()).into());
    }
    let is_whole = redis.status == Condition::Ok && connections.status == Condition::Ok;
    let status = if is_whole { Condition::Ok } else { Condition::Degraded };
    Ok(Reply::ok(Readiness { status, store, redis, connections }))
}

async fn look<T>(question: impl Future<Output = Result<T, Error>>) -> Part {
    let asked = Instant::now();
    let answer = tokio::time::timeout(PATIENCE, question).await;
    let status = if matches!(answer, Ok(Ok(_))) { Condition::Ok } else { Condition::Down };
    Part { status, latency_ms: in_ms(asked.elapsed()) }
}

/// The function.
pub fn router() -> OpenApiRouter<Parts> {
    router!(ready)
}
