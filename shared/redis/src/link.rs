use recloser::{AsyncRecloser, Recloser};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{
    Client, Cmd, ConnectionAddr, ConnectionInfo, FromRedisValue, IntoConnectionInfo, RedisResult, TlsCertificates,
};
use souk_domain::{Error, Result};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument;

/// How long a connection may take to open.
const CONNECT: Duration = Duration::from_millis(250);
/// How long a command may take.
const RESPOND: Duration = Duration::from_millis(500);
/// Calls whose outcomes the breaker looks at; it opens when half of them failed.
const LOOK_AT: usize = 6;
/// How long the breaker refuses calls before it lets one through again.
const REST: Duration = Duration::from_secs(1);

/// A shared connection to Redis that connects by itself, again and again. Cheap to clone.
#[derive(Clone)]
pub struct RedisLink {
    client: Client,
    connection: ConnectionManager,
    breaker: Arc<AsyncRecloser>,
}

impl RedisLink {
    /// Remembers where Redis is (`redis://host:port/database`, `rediss://…` with TLS) without connecting. Needs a Tokio runtime.
    ///
    /// # Errors
    /// `Internal` for a URL that is not one; its text is left out, since it may hold a password. `Internal` when there is TLS and
    /// nobody can be trusted.
    pub fn new(url: &str) -> Result<Self> {
        let no_url = |_| Error::Internal("not a Redis URL".to_owned());
        let place = url.into_connection_info().map_err(no_url)?;
        // The name and version of the library are not worth a round trip at each start of a function.
        let settings = place.redis_settings().clone().set_skip_set_lib_name();
        let client = client(place.set_redis_settings(settings))?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(RESPOND))
            .set_number_of_retries(1);
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), config).map_err(unavailable)?;
        let breaker = Recloser::custom().error_rate(0.5).closed_len(LOOK_AT).half_open_len(1).open_wait(REST).build();
        Ok(Self { client, connection, breaker: Arc::new(AsyncRecloser::from(breaker)) })
    }

    /// Runs commands on the shared connection, behind the breaker; `what` they do names them in traces.
    pub(crate) async fn call<T, F>(
        &self,
        what: &'static str,
        commands: impl FnOnce(ConnectionManager) -> F,
    ) -> Result<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let span = tracing::debug_span!("redis", otel.name = what, otel.kind = "client", db.system.name = "redis");
        self.breaker.call(commands(self.connection.clone())).instrument(span).await.map_err(|error| match error {
            recloser::Error::Inner(error) => unavailable(error),
            recloser::Error::Rejected => Error::Unavailable("Redis failed a moment ago".to_owned()),
        })
    }

    /// Runs one command on the shared connection.
    pub(crate) async fn query<T: FromRedisValue>(&self, what: &'static str, command: Cmd) -> Result<T> {
        self.call(what, |mut connection| async move { command.query_async(&mut connection).await }).await
    }

    /// A connection of one's own, for commands that wait.
    pub(crate) async fn connect(&self) -> Result<redis::aio::MultiplexedConnection> {
        let config =
            redis::AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(None);
        self.client.get_multiplexed_async_connection_with_config(&config).await.map_err(unavailable)
    }
}

/// The public authorities are trusted unless others are in their place, as `souk_https` has it.
fn client(place: ConnectionInfo) -> Result<Client> {
    let is_secure = matches!(place.addr(), ConnectionAddr::TcpTls { .. });
    let client = match souk_https::other_authorities().filter(|_| is_secure) {
        None => Client::open(place),
        Some(file) => {
            let authorities = std::fs::read(file).map_err(Error::configuration)?;
            Client::build_with_tls(place, TlsCertificates { client_tls: None, root_cert: Some(authorities) })
        }
    };
    // A URL was read already, so no secret is in what is said of it.
    client.map_err(Error::configuration)
}

/// A script, sent as text each time; its arguments are still to come. For scripts whose effect should outlive the server: the
/// embedded one writes the command into its append-only file, not what it did, and has forgotten the scripts that hashes
/// name when it reads the file back.
pub(crate) fn eval(script: &str, keys: &[String]) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(script).arg(keys.len()).arg(keys);
    command
}

/// Any failure of Redis passes sooner or later.
pub(crate) fn unavailable(error: redis::RedisError) -> Error {
    Error::Unavailable(format!("Redis: {error}"))
}
