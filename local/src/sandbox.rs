//! The sandbox payment provider, in this process, on a port and a file of its own: it is somebody else's system.

use crate::options::Options;
use crate::tasks::Tasks;
use crate::{keys, system};
use anyhow::{Context, Result};
use souk_sandbox::{Sandbox, SandboxSettings};
use std::time::Duration;

/// A sandbox that runs.
pub(crate) struct RunningSandbox {
    /// For people.
    pub(crate) page: String,
    /// For the functions.
    pub(crate) payment_url: String,
}

/// Starts it; it sends its notices to the shop at `base`.
///
/// # Errors
/// When the port is taken or the file cannot be used.
pub(crate) async fn start(options: &Options, base: &str, tasks: &Tasks) -> Result<RunningSandbox> {
    let (secret_key, webhook_secret) = keys::sandbox_keys(&options.data)?;
    let notices = format!("{base}/api/v1/payment-notices");
    // What the shop must not wait for takes longer than it waits; what is late is so in proportion.
    let wait = Duration::from_millis(options.sandbox_timeout_ms.into());
    let settings = SandboxSettings {
        seed: options.sandbox_seed,
        hold: wait * 5 / 4,
        settle: wait / 4,
        late: wait / 3,
        ..SandboxSettings::new(secret_key.clone().into(), webhook_secret.clone().into(), &notices)
    };
    let sandbox = Sandbox::open(&options.data.join("sandbox.db"), settings).context("the sandbox payment provider")?;
    let listener = system::listen(options, options.sandbox_port).await?;
    let address = system::reachable(&listener)?;
    system::serve(listener, sandbox.router(), tasks);
    let stop = tasks.stopping();
    tasks.spawn(async move { sandbox.deliver_webhooks(stop).await });
    Ok(RunningSandbox {
        page: format!("http://{address}/"),
        payment_url: format!(
            "sandbox://{secret_key}:{webhook_secret}@{address}?timeout_ms={}",
            options.sandbox_timeout_ms
        ),
    })
}
