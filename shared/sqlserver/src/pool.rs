//! A few connections that are used again and again.

use crate::failure::Failure;
use crate::settings::Settings;
use deadpool::Runtime;
use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult, TimeoutType};
use souk_domain::Result;
use std::time::{Duration, SystemTime};
use tiberius::{Client, Row, ToSql};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Opening a connection, log-in included.
    pub(crate) connect: Duration,
    /// Waiting for a connection when all are in use.
    pub(crate) wait: Duration,
    /// A connection that was idle for longer may be dead: Lambda freezes environments, firewalls forget. It is asked first.
    pub(crate) idle: Duration,
    /// The answer to that.
    pub(crate) check: Duration,
    /// One attempt at a batch.
    pub(crate) attempt: Duration,
    /// A call with all its attempts. A second less than the functions' time-out in `template.yaml`, so that the client gets
    /// its 503.
    pub(crate) call: Duration,
    /// How long the breaker refuses calls before it lets one through again.
    pub(crate) rest: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            wait: Duration::from_secs(4),
            idle: Duration::from_secs(30),
            check: Duration::from_secs(1),
            attempt: Duration::from_secs(5),
            call: Duration::from_secs(9),
            rest: Duration::from_secs(2),
        }
    }
}

/// One connection. It is only fit for use again when the last answer was read to its end.
pub(crate) struct Connection {
    client: Client<Compat<TcpStream>>,
    in_flight: bool,
    // The wall clock: the monotonic one stands still in a frozen environment.
    used_at: SystemTime,
}

impl Connection {
    pub(crate) async fn open(settings: &Settings, limits: Limits) -> std::result::Result<Self, Failure> {
        // On the heap: the driver's futures are so large that a few of them inside each other fill a stack.
        match timeout(limits.connect, Box::pin(connect(settings))).await {
            Ok(Ok(client)) => Ok(Self { client, in_flight: false, used_at: SystemTime::now() }),
            Ok(Err(error)) => Err(Failure::Unreachable(error.to_string())),
            Err(_) => Err(Failure::Unreachable(format!("no connection within {:?}", limits.connect))),
        }
    }

    /// Sends a batch with parameters; one list of rows for each statement that selects.
    pub(crate) async fn query(
        &mut self,
        sql: &str,
        values: &[&dyn ToSql],
    ) -> std::result::Result<Vec<Vec<Row>>, Failure> {
        self.in_flight = true;
        let results = Box::pin(async { self.client.query(sql, values).await?.into_results().await }).await;
        self.done(results)
    }

    /// Sends a batch without parameters, which may hold what a batch with parameters may not, such as `CREATE VIEW`.
    pub(crate) async fn run(&mut self, sql: &str) -> std::result::Result<Vec<Vec<Row>>, Failure> {
        self.in_flight = true;
        let results = Box::pin(async { self.client.simple_query(sql).await?.into_results().await }).await;
        self.done(results)
    }

    fn done<T>(&mut self, results: tiberius::Result<T>) -> std::result::Result<T, Failure> {
        let results = results.map_err(Failure::from);
        // After a refusal the connection is as good as before; anything else leaves half an answer on the wire. A caller that
        // goes away does not come here at all.
        self.in_flight = match &results {
            Ok(_) => false,
            Err(failure) => !matches!(failure, Failure::Server { .. }) || failure.is_outage(),
        };
        self.used_at = SystemTime::now();
        results
    }

    async fn is_alive(&mut self, limits: Limits) -> bool {
        if self.in_flight {
            return false;
        }
        // A clock that was set back tells nothing: ask.
        let idle = self.used_at.elapsed().unwrap_or(limits.idle);
        idle < limits.idle || matches!(timeout(limits.check, self.query("SELECT 1", &[])).await, Ok(Ok(_)))
    }
}

async fn connect(settings: &Settings) -> tiberius::Result<Client<Compat<TcpStream>>> {
    let mut config = settings.config();
    // Azure answers the first log-in with the address of the node to go to.
    for _ in 0..2 {
        let stream = TcpStream::connect(config.get_addr()).await?;
        stream.set_nodelay(true)?;
        match Client::connect(config.clone(), stream.compat_write()).await {
            Err(tiberius::error::Error::Routing { host, port }) => {
                config.host(host);
                config.port(port);
            }
            other => return other,
        }
    }
    Err(tiberius::error::Error::Protocol("the server redirects again and again".into()))
}

pub(crate) struct Connector {
    pub(crate) settings: Settings,
    pub(crate) limits: Limits,
}

impl Manager for Connector {
    type Type = Connection;
    type Error = Failure;

    async fn create(&self) -> std::result::Result<Connection, Failure> {
        Connection::open(&self.settings, self.limits).await
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<Failure> {
        if connection.is_alive(self.limits).await { Ok(()) } else { Err(RecycleError::message("not fit for use")) }
    }
}

pub(crate) fn pool(settings: Settings, limits: Limits) -> Result<Pool<Connector>> {
    let connections = settings.connections();
    Pool::builder(Connector { settings, limits })
        .max_size(connections)
        .wait_timeout(Some(limits.wait))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(souk_domain::Error::configuration)
}

/// A connection that is fit for use, old or new.
pub(crate) async fn take(pool: &Pool<Connector>) -> std::result::Result<Object<Connector>, Failure> {
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(failure) => failure,
        PoolError::Timeout(TimeoutType::Wait) => Failure::Busy,
        _ => Failure::Unreachable("the pool gives no connection".to_owned()),
    })
}
