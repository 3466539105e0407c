//! The parts that run inside this process when no real ones are named.

use anyhow::{Context, Result};
use kevy_config::{AppendFsync, Config};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How long the embedded Redis may take to read its file back.
const REDIS_START: Duration = Duration::from_secs(30);

/// Starts a server that speaks Redis on a free port, with an append-only file in `folder`. It ends with the process.
///
/// # Errors
/// When it does not start.
pub async fn start_redis(folder: &Path) -> Result<String> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let port = free_port()?;
    let mut config = Config::default();
    config.server.port = port;
    config.server.threads = 1;
    config.server.data_dir = folder.to_owned();
    config.persistence.aof = true;
    // What the last second before a power cut put on a stream, the outbox publishes again (see `System::start`).
    config.persistence.appendfsync = AppendFsync::EverySec;
    config.persistence.auto_aof_rewrite_percentage = 100;
    config.persistence.auto_aof_rewrite_min_size = 8 << 20;
    // Its budget of Lua instructions is for the whole life of the process, and then stops a script halfway.
    config.lua.time_limit_ms = 0;
    kevy::config_init(Arc::new(config));
    let folder = folder.to_owned();
    std::thread::Builder::new()
        .name("redis".to_owned())
        .spawn(move || kevy::serve(Ipv4Addr::LOCALHOST.octets(), port, 1, folder, true))
        .context("no thread for Redis")?;
    let url = format!("redis://{}:{port}", Ipv4Addr::LOCALHOST);
    wait_until_open(port).await.map(|()| url)
}

/// A port that nobody listens on. Somebody else may take it before it is used; the start then fails and says so.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

async fn wait_until_open(port: u16) -> Result<()> {
    let started = Instant::now();
    while tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
        anyhow::ensure!(started.elapsed() < REDIS_START, "the embedded Redis did not start");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

/// Starts a server that speaks DynamoDB on a free port, in memory: connections do not outlive the process anyway.
pub(crate) async fn start_dynamodb(stop: CancellationToken) -> Result<String> {
    let database = dynoxide::Database::memory().map_err(|error| anyhow::anyhow!("DynamoDB: {error}"))?;
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port for DynamoDB")?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        if let Err(error) = dynoxide::server::serve_with_shutdown(listener, database, stop.cancelled_owned()).await {
            tracing::error!(error, "the embedded DynamoDB stopped");
        }
    });
    Ok(url)
}
