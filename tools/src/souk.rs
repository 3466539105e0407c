//! Starts `souk` for a measurement.

use crate::client::Shop;
use anyhow::{Context, Result};
use serde_json::Value;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The whole system on embedded parts, on free ports and in a folder that goes with it. Everybody may do as much as they like: what is
/// measured is the work, not what one buyer may do in a minute.
pub struct Souk {
    /// The process; it ends with this value.
    pub process: Child,
    /// What it keeps.
    pub folder: TempDir,
    /// Where everything is.
    pub banner: Value,
}

impl Souk {
    /// Starts the program, with options beside those.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(program: &Path, options: &[&OsStr]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut process = Command::new(program)
            .args(["--http-port", "0", "--ws-port", "0", "--sandbox-port", "0", "--banner", "json", "--data"])
            .arg(folder.path())
            .args(["--rate-limit-factor", "1000000"])
            .args(options)
            // What the shell names may be a real shop.
            .env_remove("SOUK_STORE_URL")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} (make builds it)", program.display()))?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("no output")?).read_line(&mut line).await?;
        let banner = serde_json::from_str(&line).context("the shop did not start")?;
        Ok(Self { process, folder, banner })
    }

    /// A guest of the shop.
    ///
    /// # Errors
    /// When it does not say where it is.
    pub fn guest(&self) -> Result<Shop> {
        Shop::new(self.banner["http"].as_str().context("no URL")?)
    }

    /// Its manager, newly logged in.
    ///
    /// # Errors
    /// When the shop refuses.
    pub async fn manager(&self) -> Result<Shop> {
        let users = self.banner["users"].as_array().context("no users")?;
        let manager = users.iter().find(|user| user["role"] == "manager").context("no manager")?;
        let text = |field: &str| manager[field].as_str().unwrap_or_default();
        self.guest()?.log_in(text("email"), text("password")).await
    }
}
