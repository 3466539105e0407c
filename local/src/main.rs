//! `souk`: runs the whole system until Ctrl-C or SIGTERM.

use clap::Parser;
use souk_local::{Options, System};
use tikv_jemallocator::Jemalloc;

/// The reason stands in Cargo.toml.
#[global_allocator]
static MEMORY: Jemalloc = Jemalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    souk_lambda::start_telemetry("warn");
    let options = Options::parse();
    let system = System::start(&options).await?;
    system.announce(options.banner);
    stop_asked_for().await?;
    system.stop().await;
    souk_lambda::flush_telemetry().await;
    Ok(())
}

async fn stop_asked_for() -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
