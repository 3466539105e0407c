use super::{PRODUCTS, catalog};
use crate::client::Shop;
use crate::souk::Souk;
use anyhow::{Context, Result};
use std::path::Path;
use std::time::Duration;

/// A shop that runs for the measurement, with a catalog and full shelves.
pub(super) struct Running {
    souk: Souk,
    pub(super) guest: Shop,
    pub(super) manager: Shop,
    products: Vec<String>,
}

impl Running {
    pub(super) async fn start(program: &Path) -> Result<Self> {
        let souk = Souk::start(program, &[]).await?;
        let (guest, manager) = (souk.guest()?, souk.manager().await?);
        manager.import(catalog().into_bytes()).await?;
        let listed = guest.products().await?;
        let products: Vec<String> = (0..PRODUCTS).map(|n| listed[&format!("B{n:04}")].id.clone()).collect();
        for product in &products {
            manager.restock(product, 100_000_000).await?;
        }
        // What filling the shelves caused is told by then.
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok(Self { souk, guest, manager, products })
    }

    /// An address out of the banner.
    pub(super) fn address(&self, name: &str) -> Result<&str> {
        self.souk.banner[name].as_str().with_context(|| format!("no {name}"))
    }

    /// The id of the n-th product of the catalog.
    pub(super) fn product(&self, n: usize) -> String {
        self.products[n].clone()
    }

    pub(super) fn resident_mb(&self) -> Result<f64> {
        let pid = self.souk.process.id().context("the shop ended")?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes / 1024.0)
    }
}
