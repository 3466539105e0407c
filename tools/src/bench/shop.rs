use super::{PRODUCTS, catalog};
use crate::client::Shop;
use anyhow::{Context, Result};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A shop that runs for the measurement, with a catalog and full shelves.
pub(super) struct Running {
    process: Child,
    _folder: TempDir,
    banner: Value,
    pub(super) guest: Shop,
    pub(super) manager: Shop,
    products: Vec<String>,
}

impl Running {
    pub(super) async fn start(program: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut process = Command::new(program)
            .args(["--http-port", "0", "--ws-port", "0", "--sandbox-port", "0", "--banner", "json", "--data"])
            .arg(folder.path())
            // What is measured is the work, not what one buyer may do in a minute.
            .args(["--rate-limit-factor", "1000000"])
            // What the shell names may be a real shop.
            .env_remove("SOUK_STORE_URL")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} (make bench builds it)", program.display()))?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("no output")?).read_line(&mut line).await?;
        let banner: Value = serde_json::from_str(&line).context("the shop did not start")?;
        let guest = Shop::new(banner["http"].as_str().context("no URL")?)?;
        let users = banner["users"].as_array().context("no users")?;
        let manager = users.iter().find(|user| user["role"] == "manager").context("no manager")?;
        let text = |field: &str| manager[field].as_str().unwrap_or_default();
        let manager = guest.log_in(text("email"), text("password")).await?;
        manager.import(catalog().into_bytes()).await?;
        let listed = guest.products().await?;
        let products: Vec<String> = (0..PRODUCTS).map(|n| listed[&format!("B{n:04}")].id.clone()).collect();
        for product in &products {
            manager.restock(product, 100_000_000).await?;
        }
        // What filling the shelves caused is told by then.
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok(Self { process, _folder: folder, banner, guest, manager, products })
    }

    /// An address out of the banner.
    pub(super) fn address(&self, name: &str) -> Result<&str> {
        self.banner[name].as_str().with_context(|| format!("no {name}"))
    }

    /// The id of the n-th product of the catalog.
    pub(super) fn product(&self, n: usize) -> String {
        self.products[n].clone()
    }

    pub(super) fn resident_mb(&self) -> Result<f64> {
        let pid = self.process.id().context("the shop ended")?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes / 1024.0)
    }
}
