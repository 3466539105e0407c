//! Puts the system together, starts it and stops it.

use crate::banner::Addresses;
use crate::functions::Functions;
use crate::gateway::Gateway;
use crate::keys::TokenKeys;
use crate::options::{Banner, Options};
use crate::{demo, embedded, http};
use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::serve::ListenerExt;
use souk_aws::AwsSettings;
use souk_domain::ports::Store;
use souk_domain::realtime::Identity;
use souk_environment::{
    CONNECTIONS_TABLE, DYNAMODB_ENDPOINT, Environment, REDIS_URL, STORE_URL, TOKEN_PRIVATE_KEY, TOKEN_PUBLIC_KEY,
    WEBSOCKET_ENDPOINT,
};
use souk_platform::{Trigger, sources};
use souk_template::Template;
use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// How often scheduled functions run here. On AWS a minute is the shortest there is.
const TICKS: [(&str, Duration); 2] =
    [("relay-outbox", Duration::from_secs(1)), ("expire-idempotency-keys", Duration::from_secs(60 * 60))];
/// What the embedded Redis may have lost of the time before it stopped: it flushes once a second.
const REDIS_MAY_LOSE: chrono::Duration = chrono::Duration::seconds(5);
/// How long requests in progress may take when the system stops.
const STOPPING: Duration = Duration::from_secs(5);

/// A running system.
pub struct System {
    addresses: Addresses,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// Keeps other processes out of the data folder.
    _lock: File,
}

impl System {
    /// Starts everything that `options` ask for.
    ///
    /// # Errors
    /// When a part does not start; the text says which.
    pub async fn start(options: &Options) -> Result<Self> {
        let folder = &options.data;
        let lock = claim_folder(folder, options.reset)?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (http, ws) = (listen(options.http_port).await?, listen(options.ws_port).await?);
        let (http_address, ws_address) = (http.local_addr()?, ws.local_addr()?);

        let redis = match &options.redis_url {
            Some(url) => url.clone(),
            None => embedded::start_redis(&folder.join("redis")).await?,
        };
        let dynamodb = match &options.dynamodb_endpoint {
            Some(url) => url.clone(),
            None => embedded::start_dynamodb(stop.child_token()).await?,
        };
        let store = options.store_url.clone().unwrap_or_else(|| format!("sqlite:{}", folder.join("souk.db").display()));
        let keys = TokenKeys::of(folder)?;
        let variables = HashMap::from([
            (STORE_URL, store),
            (REDIS_URL, redis.clone()),
            (DYNAMODB_ENDPOINT, dynamodb.clone()),
            (CONNECTIONS_TABLE, "souk-connections".to_owned()),
            (WEBSOCKET_ENDPOINT, format!("http://{ws_address}")),
            (TOKEN_PUBLIC_KEY, keys.public),
            (TOKEN_PRIVATE_KEY, keys.private),
        ]);
        let environment = Environment::new(move |name| variables.get(name).cloned(), AwsSettings::local().await);
        environment.dynamo_connections()?.create_table().await.context("the connection table")?;

        let template = Template::built_in()?;
        let ports = environment.ports()?;
        let functions = Functions::new(&environment, &ports)?;
        functions.check(&template).await?;
        functions.call("migrate-database").await.context("migrate-database")?;
        if options.redis_url.is_none() {
            republish_what_redis_lost(&*ports.store).await?;
        }
        let users = if options.seeds() { demo::users(folder, &ports).await? } else { Vec::new() };
        let router = http::router(&template, &ports, environment.token_issuer()?)?;
        match &options.catalog {
            Some(file) => import(file, &router, &environment).await?,
            None if options.seeds() => demo::catalog(&ports).await?,
            None => {}
        }
        let gateway = Gateway::new(&template, functions.clone(), stop.child_token())?;
        serve(http, router, &stop, &tasks);
        serve(ws, gateway.router(), &stop, &tasks);
        start_triggers(&template, &environment, &functions, &stop, &tasks)?;
        start_schedule(&functions, &stop, &tasks);
        let base = format!("http://{http_address}");
        let addresses = Addresses {
            docs: format!("{base}/docs/"),
            open_api: format!("{base}/openapi.json"),
            http: base,
            web_socket: format!("ws://{ws_address}"),
            redis: without_password(&redis),
            dynamo_db: dynamodb,
            users,
        };
        Ok(Self { addresses, stop, tasks, _lock: lock })
    }

    /// Prints where everything is.
    pub fn announce(&self, banner: Banner) {
        match banner {
            Banner::Text => println!("{}", self.addresses.text()),
            Banner::Json => println!("{}", self.addresses.json()),
        }
    }

    /// Finishes what is in progress and stops. What consumers have not acknowledged is delivered after the next start.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(STOPPING, self.tasks.wait()).await.is_err() {
            tracing::warn!("some requests were still in progress");
        }
    }
}

/// Makes the folder this process's own.
fn claim_folder(folder: &Path, reset: bool) -> Result<File> {
    let context = || folder.display().to_string();
    std::fs::create_dir_all(folder).with_context(context)?;
    let lock = File::create(folder.join("lock")).with_context(context)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => anyhow::bail!("{} is in use by another souk", folder.display()),
        Err(TryLockError::Error(error)) => return Err(error).with_context(context),
    }
    if reset {
        // Only what Souk wrote: the folder may be one that somebody named by mistake.
        for name in
            ["souk.db", "souk.db-wal", "souk.db-shm", "demo-users.json", "token-private.pem", "token-public.pem"]
        {
            remove(std::fs::remove_file(folder.join(name))).with_context(context)?;
        }
        remove(std::fs::remove_dir_all(folder.join("redis"))).with_context(context)?;
    }
    Ok(lock)
}

fn remove(removed: std::io::Result<()>) -> std::io::Result<()> {
    match removed {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

async fn listen(port: u16) -> Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.with_context(|| format!("port {port} on 127.0.0.1"))
}

fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        _ => url.to_owned(),
    }
}

/// Consumers skip what they have seen, so publishing twice does no harm; losing an event would.
async fn republish_what_redis_lost(store: &dyn Store) -> Result<()> {
    if let Some(last) = store.last_published().await? {
        store.republish(last - REDIS_MAY_LOSE).await?;
    }
    Ok(())
}

/// Sends the file through the import function, as a client would.
async fn import(file: &Path, router: &Router, environment: &Environment) -> Result<()> {
    let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
    let manager = Identity { id: souk_domain::CustomerId::new(), role: souk_domain::Role::Manager };
    let (token, _) = environment.token_issuer()?.issue(manager)?;
    let request = Request::post("/api/v1/products/import")
        .header(header::CONTENT_TYPE, "text/csv")
        .header(header::AUTHORIZATION, format!("Bearer {}", secrecy::ExposeSecret::expose_secret(&token)))
        .body(Body::from(bytes))?;
    let response = router.clone().oneshot(request).await?;
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await?;
    let report: serde_json::Value = serde_json::from_slice(&body)?;
    anyhow::ensure!(status == StatusCode::OK, "{}: {}", file.display(), report["errors"]);
    for failure in report["data"]["failures"].as_array().into_iter().flatten() {
        eprintln!("{} line {}: {}", file.display(), failure["line"], failure["error"]["message"]);
    }
    Ok(())
}

fn serve(listener: TcpListener, router: Router, stop: &CancellationToken, tasks: &TaskTracker) {
    // Answers are small and should leave at once.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let stop = stop.clone();
    tasks.spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await;
        if let Err(error) = served {
            tracing::error!(%error, "a server stopped");
        }
    });
}

/// Runs a trigger for each source all the time, where Lambda runs `stream-trigger` again and again.
fn start_triggers(
    template: &Template,
    environment: &Environment,
    functions: &Functions,
    stop: &CancellationToken,
    tasks: &TaskTracker,
) -> Result<()> {
    for source in sources(template)? {
        // One name for all runs: a new process takes over what the last one of this folder held.
        let trigger = Trigger::new(&source, "local", environment.event_stream()?, Arc::new(functions.clone()));
        let stop = stop.clone();
        tasks.spawn(async move { stop.run_until_cancelled(trigger.run(None)).await });
    }
    Ok(())
}

fn start_schedule(functions: &Functions, stop: &CancellationToken, tasks: &TaskTracker) {
    for (function, period) in TICKS {
        let (functions, stop) = (functions.clone(), stop.clone());
        tasks.spawn(async move {
            let ticking = async {
                let mut ticks = tokio::time::interval(period);
                ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
                loop {
                    ticks.tick().await;
                    if let Err(error) = functions.tick(function).await {
                        tracing::warn!(%error, function, "a scheduled function failed");
                    }
                }
            };
            stop.run_until_cancelled(ticking).await
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_is_not_printed() {
        assert_eq!(without_password("redis://:secret@host:6379"), "redis://host:6379");
        assert_eq!(without_password("redis://host:6379"), "redis://host:6379");
    }
}
