//! `GET /api/v1/ready`: whether each part that the shop stands on answers, and how fast. For everybody.

use axum::extract::{FromRef, State};
use serde::Serialize;
use serde_json::json;
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
    /// `degraded` when a part is away that orders do without; `down`, in the `details` of a 503, when it is the system of record.
    status: Condition,
    /// The system of record.
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
/// 503 when the system of record does not answer, with how all parts are in `details`: nothing works without it. Without Redis nobody
/// logs in and events arrive later, without the table of connections browsers are told nothing: `degraded`.
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
    Readiness::of(store, redis, connections).answer()
}

impl Readiness {
    fn of(store: Part, redis: Part, connections: Part) -> Self {
        let status = match [&store, &redis, &connections].map(|part| part.status) {
            [Condition::Down, ..] => Condition::Down,
            [Condition::Ok, Condition::Ok, Condition::Ok] => Condition::Ok,
            _ => Condition::Degraded,
        };
        Self { status, store, redis, connections }
    }

    fn answer(self) -> Result<Reply<Self>, ApiError> {
        match self.status {
            // Whoever looks now wants to know whether it is the store alone.
            Condition::Down => Err(ApiError::unavailable("the store does not answer").details(json!(self))),
            _ => Ok(Reply::ok(self)),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn part(status: Condition) -> Part {
        Part { status, latency_ms: 1.4 }
    }

    #[test]
    fn without_the_store_the_answer_is_503_and_tells_how_the_other_parts_are() {
        let readiness = Readiness::of(part(Condition::Down), part(Condition::Ok), part(Condition::Down));
        let error = readiness.answer().expect_err("nothing works");
        assert_eq!(error.status(), 503);
        let details = error.errors()[0].details.as_ref().expect("details");
        let statuses = ["store", "redis", "connections"].map(|name| &details[name]["status"]);
        assert_eq!((&details["status"], statuses), (&json!("down"), [&json!("down"), &json!("ok"), &json!("down")]));
        assert_eq!(details["store"]["latencyMs"], 1.4);
    }

    #[test]
    fn without_another_part_the_shop_works_less_well() {
        for parts in [[Condition::Ok, Condition::Down, Condition::Ok], [Condition::Ok, Condition::Ok, Condition::Down]]
        {
            let [store, redis, connections] = parts.map(part);
            let readiness = Readiness::of(store, redis, connections);
            assert_eq!(readiness.status, Condition::Degraded);
            assert!(readiness.answer().is_ok());
        }
    }
}
