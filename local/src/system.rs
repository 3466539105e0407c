//! Puts the system together, starts it and stops it.

use crate::banner::Addresses;
use crate::functions::Functions;
use crate::gateway::Gateway;
use crate::keys::{self, TokenKeys};
use crate::options::{Banner, Options};
use crate::tasks::Tasks;
use crate::{demo, embedded, http, lend, pages, sandbox};
use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::serve::ListenerExt;
use serde_json::{Value, json};
use souk_aws::AwsSettings;
use souk_customers::Authenticators;
use souk_domain::ports::Store;
use souk_domain::realtime::Identity;
use souk_domain::{Error, SessionId};
use souk_environment::{
    CAPTURE, CONNECTIONS_TABLE, DYNAMODB_ENDPOINT, Environment, MAIL_FROM, MAIL_URL, OUTBOX_DAYS, PAYMENT_URL,
    PAYMENT_WINDOW, RATE_LIMIT_FACTOR, REDIS_URL, RETRY_PAUSE, SECOND_FACTOR_KEY, SHOP_URL, STORE_URL,
    TOKEN_PRIVATE_KEY, TOKEN_PUBLIC_KEY, WEBHOOK_KEY, WEBHOOK_PAUSE, WEBHOOK_PRIVATE, WEBSOCKET_ENDPOINT,
};
use souk_lambda::Bearer;
use souk_mail::FolderMailer;
use souk_orders::reconcile_payments::Patience;
use souk_platform::{Trigger, sources};
use souk_template::Template;
use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tower::ServiceExt;

/// How often scheduled functions run here. On AWS a minute is the shortest there is.
const TICKS: [(&str, Duration); 9] = [
    ("deliver-webhooks", Duration::from_secs(1)),
    ("expire-webhook-deliveries", Duration::from_secs(60 * 60)),
    ("relay-outbox", Duration::from_secs(1)),
    ("expire-orders", Duration::from_secs(1)),
    ("reconcile-payments", Duration::from_secs(1)),
    ("measure-consumers", Duration::from_secs(60)),
    ("archive-outbox", Duration::from_secs(60 * 60)),
    ("expire-idempotency-keys", Duration::from_secs(60 * 60)),
    ("expire-mails", Duration::from_secs(60 * 60)),
];
/// What the embedded Redis may have lost of the time before it stopped: it flushes once a second.
const REDIS_MAY_LOSE: chrono::Duration = chrono::Duration::seconds(5);
/// What the kernel keeps of what a WebSocket has not taken, in bytes.
const SOCKET_BUFFER: u32 = 64 << 10;
/// WebSockets that may wait to be accepted.
const BACKLOG: u32 = 1024;
/// How long requests in progress may take when the system stops, and how long its parts may take after them.
const STOPPING: Duration = Duration::from_secs(5);
const STOPPING_PARTS: Duration = Duration::from_secs(3);

/// A running system.
pub struct System {
    addresses: Addresses,
    tasks: Tasks,
    /// What requests in progress need to their end.
    parts: Tasks,
    /// Keeps other processes out of the data folder.
    _lock: File,
}

impl System {
    /// Starts everything that `options` ask for.
    ///
    /// # Errors
    /// When a part does not start; the text says which.
    pub async fn start(options: &Options) -> Result<Self> {
        // In full: functions that this process lends its parts to run elsewhere.
        let folder = &std::path::absolute(&options.data).context("the data folder")?;
        let lock = claim_folder(folder, options.reset)?;
        let (tasks, parts) = (Tasks::default(), Tasks::default());
        let (http, ws) = (listen(options, options.http_port).await?, listen_for_sockets(options)?);
        let (http_address, ws_address) = (reachable(&http)?, reachable(&ws)?);

        let redis = match &options.redis_url {
            Some(url) => url.clone(),
            None => embedded::start_redis(&folder.join("redis"), &parts).await?,
        };
        let dynamodb = match &options.dynamodb_endpoint {
            Some(url) => url.clone(),
            None => embedded::start_dynamodb(&folder.join("connections.db"), &parts).await?,
        };
        let store = options.store_url.clone().unwrap_or_else(|| format!("sqlite:{}", folder.join("souk.db").display()));
        let keys = TokenKeys::of(folder, options.rotate_token_key)?;
        let base = format!("http://{http_address}");
        let mail_folder = folder.join("mail");
        let mail = options.mail_url.clone().unwrap_or_else(|| format!("folder:{}", mail_folder.display()));
        let second_factor_key = keys::sealing_key(folder, "second-factor.key")?;
        let authenticators = Authenticators::new(&second_factor_key.clone().into())?;
        let sandbox = match options.payment_url {
            Some(_) => None,
            None => Some(sandbox::start(options, &base, &parts).await?),
        };
        let payment_url = options.payment_url.clone().or(sandbox.as_ref().map(|sandbox| sandbox.payment_url.clone()));
        let variables = HashMap::from([
            (STORE_URL, store),
            (REDIS_URL, redis.clone()),
            (DYNAMODB_ENDPOINT, dynamodb.clone()),
            (CONNECTIONS_TABLE, "souk-connections".to_owned()),
            (WEBSOCKET_ENDPOINT, format!("http://{ws_address}")),
            (TOKEN_PUBLIC_KEY, keys.public),
            (TOKEN_PRIVATE_KEY, keys.private),
            (SECOND_FACTOR_KEY, second_factor_key),
            (WEBHOOK_KEY, keys::sealing_key(folder, "webhook.key")?),
            (WEBHOOK_PRIVATE, options.webhook_private().to_owned()),
            (WEBHOOK_PAUSE, options.webhook_pause_ms.to_string()),
            (RETRY_PAUSE, options.retry_pause_ms.to_string()),
            (OUTBOX_DAYS, options.outbox_days.to_string()),
            (RATE_LIMIT_FACTOR, options.rate_limit_factor.to_string()),
            (PAYMENT_URL, payment_url.unwrap_or_default()),
            (CAPTURE, options.capture.clone()),
            (PAYMENT_WINDOW, options.payment_window.to_string()),
            (MAIL_URL, mail),
            (MAIL_FROM, options.mail_from.clone()),
            (SHOP_URL, options.shop_url.clone().unwrap_or_else(|| base.clone())),
        ]);
        if let Some(file) = &options.variables {
            lend::write(file, &variables)?;
        }
        let environment = Environment::new(move |name| variables.get(name).cloned(), AwsSettings::local());
        environment.dynamo_connections()?.create_table().await.context("the connection table")?;

        let template = Template::built_in()?;
        let ports = environment.ports()?;
        let patience = Patience {
            older_than_ms: options.settle_after_ms,
            give_up_after_ms: options.settle_after_ms.saturating_mul(10),
        };
        let functions = Functions::new(&environment, &ports, patience)?;
        functions.check(&template).await?;
        functions.call("migrate-database", Value::Null).await.context("migrate-database")?;
        if options.redis_url.is_none() {
            republish_what_redis_lost(&*ports.store).await?;
        }
        let users = if options.seeds() { demo::users(folder, &ports).await? } else { Vec::new() };
        if let Some(email) = &options.invite_admin {
            invite_admin(email, &functions).await?;
        }
        let shows_mail = options.mail_url.is_none();
        let pages = pages::router(shows_mail.then(|| FolderMailer::new(&mail_folder)));
        let router =
            http::router(&template, &environment, &ports, &authenticators, Arc::new(functions.clone()), pages)?;
        match &options.catalog {
            Some(file) => import(file, &router, &environment).await?,
            None if options.seeds() => demo::catalog(&ports).await?,
            None => {}
        }
        let gateway = Gateway::new(&template, functions.clone(), tasks.clone())?;
        serve(http, router, &tasks);
        serve(ws, gateway.router(), &tasks);
        start_triggers(&template, &environment, &functions, &tasks)?;
        start_schedule(&functions, &tasks);
        if let Some(replay) = &options.replay {
            start_replay(replay, &functions, &tasks)?;
        }
        let addresses = Addresses {
            docs: format!("{base}/docs/"),
            open_api: format!("{base}/openapi.json"),
            mail: shows_mail.then(|| format!("{base}/mail")),
            http: base,
            sandbox: sandbox.map(|sandbox| sandbox.page),
            web_socket: format!("ws://{ws_address}"),
            redis: without_password(&redis),
            dynamo_db: dynamodb,
            users,
        };
        Ok(Self { addresses, tasks, parts, _lock: lock })
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
        if !self.tasks.stop(STOPPING).await {
            tracing::warn!("requests were in progress when their time was up");
        }
        if !self.parts.stop(STOPPING_PARTS).await {
            tracing::warn!("embedded parts were running when their time was up");
        }
    }
}

/// Makes the folder this process's own.
fn claim_folder(folder: &Path, reset: bool) -> Result<File> {
    let context = || folder.display().to_string();
    // Its owner's own: customers, mail with links and keys are in it.
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(context)?;
    let lock = File::create(folder.join("lock")).with_context(context)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => anyhow::bail!("{} is in use by another souk", folder.display()),
        Err(TryLockError::Error(error)) => return Err(error).with_context(context),
    }
    if reset {
        // Only what Souk wrote: the folder may be one that somebody named by mistake.
        for name in [
            "souk.db",
            "souk.db-wal",
            "souk.db-shm",
            "demo-users.json",
            "token-private.pem",
            "token-public.pem",
            "second-factor.key",
            "webhook.key",
            "sandbox.keys",
            "sandbox.db",
            "sandbox.db-wal",
            "sandbox.db-shm",
            "connections.db",
            "connections.db-wal",
            "connections.db-shm",
        ] {
            remove(std::fs::remove_file(folder.join(name))).with_context(context)?;
        }
        for name in ["redis", "mail"] {
            remove(std::fs::remove_dir_all(folder.join(name))).with_context(context)?;
        }
    }
    Ok(lock)
}

fn remove(removed: std::io::Result<()>) -> std::io::Result<()> {
    match removed {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

pub(crate) async fn listen(options: &Options, port: u16) -> Result<TcpListener> {
    let address = options.listen;
    TcpListener::bind((address, port)).await.with_context(|| format!("port {port} on {address}"))
}

/// Where this machine reaches a listener: one on all addresses is on this one, too.
pub(crate) fn reachable(listener: &TcpListener) -> Result<SocketAddr> {
    let mut address = listener.local_addr()?;
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    Ok(address)
}

/// For many connections, each of which may stop taking what it is sent: the kernel would keep megabytes for each.
fn listen_for_sockets(options: &Options) -> Result<TcpListener> {
    let (address, port) = (options.listen, options.ws_port);
    let open = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.set_send_buffer_size(SOCKET_BUFFER)?;
        socket.bind(SocketAddr::from((address, port)))?;
        socket.listen(BACKLOG)
    };
    open().with_context(|| format!("port {port} on {address}"))
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

/// Invites the admin, unless the address has an account already: options stay when a shop starts again.
async fn invite_admin(email: &str, functions: &Functions) -> Result<()> {
    match functions.call("create-admin", json!({ "email": email, "name": "Admin" })).await {
        Ok(()) | Err(Error::Conflict { code: "email_taken", .. }) => Ok(()),
        Err(error) => Err(error).context("create-admin"),
    }
}

/// Sends the file through the import function, as a client would.
async fn import(file: &Path, router: &Router, environment: &Environment) -> Result<()> {
    let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
    let manager = Identity { id: souk_domain::CustomerId::new(), role: souk_domain::Role::Manager };
    let bearer = Bearer { identity: manager, session: SessionId::new(), must_enrol: false };
    let (token, _) = environment.token_issuer()?.issue(bearer)?;
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

pub(crate) fn serve(listener: TcpListener, router: Router, tasks: &Tasks) {
    // Answers are small and should leave at once.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let stop = tasks.stopping();
    tasks.spawn(async move {
        // Rates are counted by where a request comes from.
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let served = axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await;
        if let Err(error) = served {
            tracing::error!(%error, "a server stopped");
        }
    });
}

/// Runs a trigger for each source all the time, where Lambda runs `stream-trigger` again and again.
fn start_triggers(template: &Template, environment: &Environment, functions: &Functions, tasks: &Tasks) -> Result<()> {
    let retry_pause = environment.retry_pause()?;
    for source in sources(template)? {
        // One name for all runs: a new process takes over what the last one of this folder held.
        let trigger = Trigger::new(&source, "local", environment.event_stream()?, Arc::new(functions.clone()));
        let trigger = trigger.retrying_after(retry_pause);
        tasks.spawn_until_stopped(async move { trigger.run(None).await });
    }
    Ok(())
}

/// Replays what an option asks for, `function=since`, beside everything else.
fn start_replay(replay: &str, functions: &Functions, tasks: &Tasks) -> Result<()> {
    let (function, since) = replay.split_once('=').context("--replay is FUNCTION=SINCE")?;
    let since = chrono::DateTime::parse_from_rfc3339(since).with_context(|| format!("--replay since {since}"))?;
    let (call, functions) = (json!({ "function": function, "since": since }), functions.clone());
    tasks.spawn_until_stopped(async move {
        if let Err(error) = functions.call("replay-consumer", call).await {
            tracing::error!(%error, "replay-consumer failed");
        }
    });
    Ok(())
}

fn start_schedule(functions: &Functions, tasks: &Tasks) {
    for (function, period) in TICKS {
        let functions = functions.clone();
        tasks.spawn_until_stopped(async move {
            let mut ticks = tokio::time::interval(period);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                if let Err(error) = functions.tick(function).await {
                    tracing::warn!(%error, function, "a scheduled function failed");
                }
            }
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
