//! The parts that run inside this process when no real ones are named.

use crate::tasks::Tasks;
use anyhow::{Context, Result};
use kevy::KevyCommands;
use kevy_config::{AppendFsync, Config};
use kevy_rt::Runtime;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How long the embedded Redis may take to read its file back.
const REDIS_START: Duration = Duration::from_secs(30);

/// What the embedded Redis writes down, and what that file begins with.
const APPEND_ONLY_FILE: &str = "aof-0.aof";
const HEADER: &[u8] = b"KEVYAOF1\n";

/// Starts a server that speaks Redis on a free port, with an append-only file in `folder`. It stops with `tasks`, once they are stopped, and
/// otherwise with the process.
///
/// # Errors
/// When it does not start.
pub async fn start_redis(folder: &Path, tasks: &Tasks) -> Result<String> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    mend(&folder.join(APPEND_ONLY_FILE))?;
    let port = free_port()?;
    let mut config = Config::default();
    config.server.port = port;
    // What the last second before a power cut put on a stream, the outbox publishes again (see `System::start`).
    config.persistence.appendfsync = AppendFsync::EverySec;
    config.persistence.auto_aof_rewrite_percentage = 100;
    config.persistence.auto_aof_rewrite_min_size = 8 << 20;
    // Its budget of Lua instructions is for the whole life of the process, and then stops a script halfway.
    config.lua.time_limit_ms = 0;
    // Not `kevy::serve`: that one takes SIGTERM for itself and ends the process, whoever is being answered.
    let server = Runtime::new(Ipv4Addr::LOCALHOST.octets(), port, 1, KevyCommands).with_data_dir(folder.to_owned());
    kevy::config_init(Arc::new(config));
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    let (ended, mut end) = oneshot::channel();
    let thread = std::thread::Builder::new().name("redis".to_owned());
    thread.spawn(move || drop(ended.send(server.run(told)))).context("no thread for Redis")?;
    tokio::select! {
        open = wait_until_open(port) => open?,
        ended = &mut end => anyhow::bail!("the embedded Redis did not start: {ended:?}"),
    }
    let stopping = tasks.stopping();
    tasks.spawn(async move {
        let ended = tokio::select! {
            ended = &mut end => ended,
            () = stopping.cancelled() => {
                stop.store(true, Ordering::Relaxed);
                end.await
            }
        };
        if let Ok(Err(error)) = ended {
            tracing::error!(%error, "the embedded Redis stopped");
        }
    });
    Ok(format!("redis://{}:{port}", Ipv4Addr::LOCALHOST))
}

/// Cuts off what is no whole command at the end of an append-only file, such as what a process wrote last that was killed. The server
/// reads no further than that at each start, but appends behind it: whatever it wrote since would be lost with every later start.
fn mend(file: &Path) -> Result<()> {
    let context = || file.display().to_string();
    let written = match std::fs::read(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        written => written.with_context(context)?,
    };
    let mut whole = if written.starts_with(HEADER) { HEADER.len() } else { 0 };
    while let Ok(Some((_, length))) = kevy_resp::parse_command_borrowed(&written[whole..]) {
        whole += length;
    }
    if whole < written.len() {
        tracing::warn!(bytes = written.len() - whole, "the end of what Redis wrote down was not whole");
        let file = std::fs::OpenOptions::new().write(true).open(file).with_context(context)?;
        file.set_len(whole as u64).with_context(context)?;
    }
    Ok(())
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

/// Starts a server that speaks DynamoDB on a free port, with its tables in `file`. Connections do not outlive the process, but news
/// are kept for whoever comes back to a topic, and the table knows which topics these are.
pub(crate) async fn start_dynamodb(file: &Path, tasks: &Tasks) -> Result<String> {
    let failed = |error| anyhow::anyhow!("{}: {error}", file.display());
    let database = dynoxide::Database::new(&file.to_string_lossy()).map_err(failed)?;
    // Outlives the process, not a power cut; nothing waits for the disk.
    database.enable_bulk_loading().map_err(failed)?;
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port for DynamoDB")?;
    let url = format!("http://{}", listener.local_addr()?);
    let stop = tasks.stopping().cancelled_owned();
    tasks.spawn(async move {
        if let Err(error) = dynoxide::server::serve_with_shutdown(listener, database, stop).await {
            tracing::error!(error, "the embedded DynamoDB stopped");
        }
    });
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_whole_command_at_the_end_is_cut_off_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(APPEND_ONLY_FILE);
        mend(&file).expect("there is nothing to mend");
        let command = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\n\r\n\r\n".as_slice();
        let whole = [HEADER, command, command].concat();
        for cut in 0..command.len() {
            std::fs::write(&file, [whole.as_slice(), &command[..cut]].concat()).expect("a file");
            mend(&file).expect("it can be mended");
            assert_eq!(std::fs::read(&file).expect("a file"), whole, "cut at {cut}");
        }
    }
}
