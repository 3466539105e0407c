//! `souk`: runs the whole system until Ctrl-C or SIGTERM.

use clap::Parser;
use souk_local::{Options, System};
use tikv_jemallocator::Jemalloc;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The reason stands in Cargo.toml.
#[global_allocator]
static MEMORY: Jemalloc = Jemalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    souk_lambda::start_telemetry("warn");
    let options = Options::parse();
    // Before the start: once the banner stands, a signal must not end the process in the middle of an answer.
    let mut stop = StopSignals::listen()?;
    let system = tokio::select! {
        started = System::start(&options) => started?,
        () = stop.received() => return Ok(()),
    };
    system.announce(options.banner);
    stop.received().await;
    system.stop().await;
    souk_lambda::flush_telemetry().await;
    Ok(())
}

/// Ctrl-C and SIGTERM, which end the process no more once they are listened to.
struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
