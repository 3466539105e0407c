//! How a batch gets its answer: within a time, behind a breaker, again when that may help.

use crate::failure::Failure;
use crate::pool::{self, Connector, Limits};
use crate::statements::Statement;
use crate::value::Value;
use deadpool::managed::Pool;
use recloser::{AsyncRecloser, Recloser};
use std::sync::Arc;
use std::time::Duration;
use tiberius::{Row, ToSql};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::Instrument;

/// The first pause is up to this; each next one up to twice as long, at most [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Calls whose outcomes the breaker looks at; it opens when half of them found the server gone.
const LOOK_AT: usize = 6;

/// One attempt, in traces.
fn span(name: &'static str) -> tracing::Span {
    tracing::debug_span!("sql", otel.name = name, otel.kind = "client", db.system.name = "microsoft.sql_server")
}

/// Whether a batch does harm when it runs twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    Harmless,
    Harmful,
}

/// The way to the server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Runner {
    pub(crate) pool: Pool<Connector>,
    breaker: Arc<AsyncRecloser>,
}

impl Runner {
    pub(crate) fn new(pool: Pool<Connector>) -> Self {
        let breaker = Recloser::custom()
            .error_rate(0.5)
            .closed_len(LOOK_AT)
            .half_open_len(1)
            .open_wait(pool.manager().limits.rest)
            .build();
        Self { pool, breaker: Arc::new(AsyncRecloser::from(breaker)) }
    }

    fn limits(&self) -> Limits {
        self.pool.manager().limits
    }

    /// Sends a batch until it is answered, it is refused for good, or the time is up.
    pub(crate) async fn run(
        &self,
        Statement { name, text }: Statement<'_>,
        values: &[Value],
        repeat: Repeat,
    ) -> Result<Vec<Vec<Row>>, Failure> {
        let deadline = Instant::now() + self.limits().call;
        let mut longest = FIRST_PAUSE;
        loop {
            let failure = match self.attempt(text, values, deadline).instrument(span(name)).await {
                Ok(results) => return Ok(results),
                Err(failure) => failure,
            };
            if failure.is_outage() {
                // Where one connection broke, the idle ones are as good as dead: after a restart or a fail-over each of them
                // would fail a call of its own and open the breaker.
                self.pool.retain(|_, _| false);
            }
            // Full jitter: those who failed together do not come back together.
            let pause = longest.mul_f64(rand::random::<f64>());
            if !failure.may_pass(repeat == Repeat::Harmless) || Instant::now() + pause >= deadline {
                return Err(failure);
            }
            tracing::warn!(?failure, ?pause, "trying again");
            sleep(pause).await;
            longest = (longest * 2).min(LONGEST_PAUSE);
        }
    }

    async fn attempt(&self, sql: &str, values: &[Value], deadline: Instant) -> Result<Vec<Vec<Row>>, Failure> {
        let until = deadline.min(Instant::now() + self.limits().attempt);
        let send = async {
            let mut connection = pool::take(&self.pool).await?;
            let values: Vec<&dyn ToSql> = values.iter().map(|value| value as &dyn ToSql).collect();
            connection.query(sql, &values).await
        };
        // When the time is up the driver's future is dropped, and the pool throws its connection away.
        let send = async {
            timeout_at(until, send).await.unwrap_or_else(|_| Err(Failure::Broken("no answer in time".to_owned())))
        };
        self.breaker.call_with(Failure::is_outage, send).await.map_err(|error| match error {
            recloser::Error::Inner(failure) => failure,
            recloser::Error::Rejected => Failure::Resting,
        })
    }
}
