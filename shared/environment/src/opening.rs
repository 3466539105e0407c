//! What a function opens before its first request.

use crate::Environment;
use futures::future::{BoxFuture, join_all};
use serde::Serialize;
use serde::de::DeserializeOwned;
use souk_domain::Result;
use souk_lambda::{Batch, BatchResponse, Invocation, Served};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;
use utoipa_axum::router::OpenApiRouter;

/// How long a start waits for the parts. The first request then asks them again and gets the 503 that they deserve.
const PATIENCE: Duration = Duration::from_secs(2);

struct Opening {
    part: &'static str,
    open: BoxFuture<'static, Result<()>>,
}

/// How the parts are opened that were asked for.
#[derive(Clone, Default)]
pub(crate) struct Openings(Arc<Mutex<Vec<Opening>>>);

impl Openings {
    /// Remembers how to open a part: one attempt, which may fail.
    pub(crate) fn add(&self, part: &'static str, open: impl Future<Output = Result<()>> + Send + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Opening { part, open: Box::pin(open) });
    }

    /// Opens all of them at once; those that could not be opened. A start takes as long as the slowest part, not as their sum.
    async fn open(&self) -> Vec<&'static str> {
        let openings = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let opened = openings.into_iter().map(async |Opening { part, open }| match timeout(PATIENCE, open).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => {
                tracing::warn!(part, %error, "not open at the start");
                Some(part)
            }
            Err(_) => {
                tracing::warn!(part, "no answer at the start within {PATIENCE:?}");
                Some(part)
            }
        });
        join_all(opened).await.into_iter().flatten().collect()
    }
}

/// Serving opens first, so that no function forgets to. `local` does not serve this way; its parts open when they are used.
impl Environment {
    /// Serves an HTTP function on Lambda.
    ///
    /// # Errors
    /// When the Lambda runtime API cannot be reached.
    pub async fn serve_http(&self, router: OpenApiRouter) -> Served {
        self.openings.open().await;
        souk_lambda::serve_http(router).await
    }

    /// Serves a function that takes events on Lambda.
    ///
    /// # Errors
    /// When the Lambda runtime API cannot be reached.
    pub async fn serve_event<E, R, F>(&self, handle: impl Fn(E) -> F) -> Served
    where
        E: DeserializeOwned,
        R: Serialize,
        F: Future<Output = Result<R>>,
    {
        self.openings.open().await;
        souk_lambda::serve_event(handle).await
    }

    /// Serves a consumer of events on Lambda.
    ///
    /// # Errors
    /// When the Lambda runtime API cannot be reached.
    pub async fn serve_consumer<F>(&self, function: &str, handle: impl Fn(Batch) -> F) -> Served
    where
        F: Future<Output = Result<BatchResponse>>,
    {
        self.openings.open().await;
        souk_lambda::serve_consumer(function, handle).await
    }

    /// Serves a function that looks at its own invocation on Lambda.
    ///
    /// # Errors
    /// When the Lambda runtime API cannot be reached.
    pub async fn serve_invocation<E, R, F>(&self, handle: impl Fn(Invocation<E>) -> F) -> Served
    where
        E: DeserializeOwned,
        R: Serialize,
        F: Future<Output = Result<R>>,
    {
        self.openings.open().await;
        souk_lambda::serve_invocation(handle).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use souk_aws::AwsSettings;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::Barrier;

    const TOKENS: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

    async fn listener() -> (TcpListener, u16) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        (listener, port)
    }

    /// What a query asks for, with its parts on these ports.
    fn environment(sql_server: u16, redis: u16) -> Environment {
        let variable = move |name: &str| match name {
            crate::STORE_URL => Some(format!("sqlserver://souk:secret@127.0.0.1:{sql_server}/souk?encrypt=off")),
            crate::REDIS_URL => Some(format!("redis://127.0.0.1:{redis}")),
            crate::TOKEN_PUBLIC_KEY => Some(TOKENS.to_owned()),
            _ => None,
        };
        Environment::new(variable, AwsSettings::local())
    }

    /// Says to every command that it is done, until the client goes.
    async fn play_redis(mut client: TcpStream) {
        let mut commands = [0; 4096];
        while let Ok(1..) = client.read(&mut commands).await {
            for _ in commands.split(|byte| *byte == b'*').skip(1) {
                let _ = client.write_all(b"+OK\r\n").await;
            }
            commands = [0; 4096];
        }
    }

    #[tokio::test]
    async fn the_parts_are_opened_at_once_and_not_one_after_the_other() {
        let ((sql_server, sql_port), (redis, redis_port)) = (listener().await, listener().await);
        let environment = environment(sql_port, redis_port);
        environment.ports().expect("ports");
        // Neither is answered before the other was asked. Whoever opens one after the other waits for the first in vain.
        let both = Barrier::new(2);
        let sql_server = async {
            let (mut client, _) = sql_server.accept().await.expect("a client");
            both.wait().await;
            // Still there: it asks to log in, gets no answer, and is refused by the end of the connection.
            client.read_u8().await.expect("the first byte of a log-in")
        };
        let redis = async {
            let (client, _) = redis.accept().await.expect("a client");
            both.wait().await;
            play_redis(client).await;
        };
        let opened = async {
            tokio::select! {
                failed = environment.openings.open() => failed,
                () = redis => unreachable!("the client keeps its connection"),
            }
        };
        let (failed, first_byte) = tokio::join!(opened, sql_server);
        assert_eq!((failed, first_byte), (vec!["SQL Server"], 0x12));
    }

    #[tokio::test]
    async fn parts_that_are_away_do_not_stop_a_start_and_are_tried_once() {
        let ((sql_server, sql_port), (redis, redis_port)) = (listener().await, listener().await);
        drop((sql_server, redis));
        let environment = environment(sql_port, redis_port);
        environment.ports().expect("ports");
        assert_eq!(environment.openings.open().await, ["SQL Server", "Redis"]);
        // Whoever needs them asks again.
        assert!(environment.openings.open().await.is_empty());
    }

    #[tokio::test]
    async fn what_nobody_asks_for_is_not_opened() {
        let environment = environment(9, 9);
        environment.access().expect("access");
        environment.redis().expect("the same connection");
        assert_eq!(environment.openings.0.lock().expect("a lock").len(), 1);
    }

    #[cfg(not(feature = "sqlite"))]
    #[test]
    fn a_program_without_the_embedded_store_says_how_to_build_one_with_it() {
        let environment = Environment::new(|_| Some("sqlite:souk.db".to_owned()), AwsSettings::local());
        let error = environment.store().err().expect("no store").to_string();
        assert!(error.contains("--features souk-environment/sqlite"), "{error}");
    }
}
