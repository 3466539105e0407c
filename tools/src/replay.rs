//! Plays invoices as customers would, over HTTP, and checks the shop's books against the file.

use crate::client::{Listed, Placed, Shop};
use crate::report::Latencies;
use anyhow::{Context, Result};
use clap::Parser;
use flate2::read::GzDecoder;
use futures::{StreamExt, TryStreamExt};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Plays invoices from a file as customers would, over HTTP, and reports how the shop did.
#[derive(Clone, Debug, Parser)]
#[command(name = "replay", version)]
pub struct Options {
    /// Invoice lines in time order, CSV or gzipped CSV: invoice,placed_at,customer,country,sku,quantity,unit_price_minor.
    #[arg(long)]
    pub orders: PathBuf,

    /// Play only the first invoices.
    #[arg(long)]
    pub limit: Option<usize>,

    /// Orders at once.
    #[arg(long, default_value_t = 8)]
    pub concurrency: usize,

    /// The shop.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    pub url: String,

    /// Accounts that share the file's customers: each registers and logs in first.
    #[arg(long, default_value_t = 32)]
    pub accounts: usize,

    /// A member of staff, who stocks what the invoices need before they are played.
    #[arg(long, requires = "password")]
    pub manager: Option<String>,

    /// The manager's password.
    #[arg(long, env = "SOUK_PASSWORD", hide_env_values = true)]
    pub password: Option<String>,

    /// A catalog that the manager imports first: sku,name,category,price_minor,currency.
    #[arg(long, requires = "manager")]
    pub catalog: Option<PathBuf>,

    /// Show no progress.
    #[arg(long)]
    pub quiet: bool,
}

/// One line of an invoice.
#[derive(Debug, Deserialize)]
struct Line {
    invoice: String,
    customer: String,
    sku: String,
    quantity: u32,
}

/// An invoice: whose, and how much of what.
#[derive(Clone, Debug)]
struct Invoice {
    number: String,
    customer: String,
    lines: Vec<(String, u32)>,
}

/// How the shop did.
#[derive(Default)]
pub struct Report {
    /// Orders that stand.
    pub accepted: u64,
    /// Orders that do not, by the code of the first error.
    pub refused: BTreeMap<String, u64>,
    /// The sum of the accepted orders, in minor units.
    pub revenue_minor: i64,
    /// Pieces of each SKU in the accepted orders.
    pub units: BTreeMap<String, i64>,
    /// Where the shop's books and the file disagree; empty when they agree.
    pub disagreements: Vec<String>,
    /// Of the placements.
    pub latencies: Latencies,
    /// From the first placement to the last.
    pub took: Duration,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let orders = self.accepted + self.refused.values().sum::<u64>();
        writeln!(f, "orders     {} accepted, {} refused", self.accepted, orders - self.accepted)?;
        for (code, count) in &self.refused {
            writeln!(f, "           {count} × {code}")?;
        }
        let seconds = self.took.as_secs_f64();
        writeln!(
            f,
            "speed      {:.0} orders/s over {seconds:.1} s; {}",
            orders as f64 / seconds,
            self.latencies.summary()
        )?;
        let units: i64 = self.units.values().sum();
        writeln!(f, "sold       {units} pieces of {} SKUs for {} minor units", self.units.len(), self.revenue_minor)?;
        match self.disagreements.as_slice() {
            [] => write!(f, "books      revenue, units of each SKU and stock left agree with the file"),
            wrong => write!(f, "books      DISAGREE:\n           {}", wrong.join("\n           ")),
        }
    }
}

/// Plays the file.
///
/// # Errors
/// When the file cannot be read, names SKUs that the shop does not have, or the shop stops answering.
pub async fn run(options: &Options) -> Result<Report> {
    let invoices = read_invoices(&options.orders, options.limit)?;
    anyhow::ensure!(!invoices.is_empty(), "{} holds no invoices", options.orders.display());
    let guest = Shop::new(&options.url)?;
    let manager = match (&options.manager, &options.password) {
        (Some(email), Some(password)) => Some(guest.log_in(email, password).await?),
        _ => None,
    };
    if let (Some(manager), Some(file)) = (&manager, &options.catalog) {
        let report = manager.import(std::fs::read(file).with_context(|| file.display().to_string())?).await?;
        eprintln!("imported {}: {} new, {} failed", file.display(), report["created"], report["failed"]);
    }
    let catalog = guest.products().await?;
    let wanted = units_of(&invoices);
    let missing: Vec<&String> = wanted.keys().filter(|sku| !catalog.contains_key(*sku)).collect();
    anyhow::ensure!(missing.is_empty(), "the shop does not sell {missing:?}; import their catalog first (--catalog)");
    if let Some(manager) = &manager {
        stock_up(manager, &wanted, &catalog).await?;
    }
    let before = levels(&guest, &wanted, &catalog).await?;
    let mut report = play(options, &guest, &invoices, &catalog).await?;
    let after = levels(&guest, &wanted, &catalog).await?;
    report.check(&wanted, &catalog, &before, &after);
    Ok(report)
}

fn read_invoices(path: &Path, limit: Option<usize>) -> Result<Vec<Invoice>> {
    let file = std::fs::File::open(path).with_context(|| path.display().to_string())?;
    let is_zipped = path.extension().is_some_and(|extension| extension == "gz");
    let reader: Box<dyn Read> = if is_zipped { Box::new(GzDecoder::new(file)) } else { Box::new(file) };
    let mut invoices: Vec<Invoice> = Vec::new();
    for line in csv::Reader::from_reader(reader).into_deserialize() {
        let Line { invoice, customer, sku, quantity } = line.with_context(|| path.display().to_string())?;
        if invoices.last().is_none_or(|last| last.number != invoice) {
            if limit.is_some_and(|limit| invoices.len() == limit) {
                break;
            }
            invoices.push(Invoice { number: invoice, customer, lines: Vec::new() });
        }
        if let Some(last) = invoices.last_mut() {
            // As the shop will write it.
            last.lines.push((sku.to_ascii_uppercase(), quantity));
        }
    }
    Ok(invoices)
}

fn units_of(invoices: &[Invoice]) -> BTreeMap<String, i64> {
    let mut units = BTreeMap::new();
    for (sku, quantity) in invoices.iter().flat_map(|invoice| &invoice.lines) {
        *units.entry(sku.clone()).or_default() += i64::from(*quantity);
    }
    units
}

/// Puts on the shelf what the invoices need beyond what is there.
async fn stock_up(manager: &Shop, wanted: &BTreeMap<String, i64>, catalog: &HashMap<String, Listed>) -> Result<()> {
    futures::stream::iter(wanted)
        .map(anyhow::Ok)
        .try_for_each_concurrent(16, |(sku, units)| async move {
            let product = &catalog[sku].id;
            let short = units - manager.available(product).await?;
            if short > 0 { manager.restock(product, short).await } else { Ok(()) }
        })
        .await
}

async fn levels(
    shop: &Shop,
    wanted: &BTreeMap<String, i64>,
    catalog: &HashMap<String, Listed>,
) -> Result<BTreeMap<String, i64>> {
    futures::stream::iter(wanted.keys())
        .map(|sku| async move { Ok((sku.clone(), shop.available(&catalog[sku].id).await?)) })
        .buffer_unordered(16)
        .try_collect()
        .await
}

async fn accounts(options: &Options, guest: &Shop, run: &str) -> Result<Vec<Shop>> {
    let emails = (0..options.accounts.max(1)).map(|n| format!("customer-{n}.{run}@replay.example"));
    futures::stream::iter(emails)
        .map(|email| async move { guest.register(&email).await })
        .buffered(4)
        .try_collect()
        .await
}

async fn play(
    options: &Options,
    guest: &Shop,
    invoices: &[Invoice],
    catalog: &HashMap<String, Listed>,
) -> Result<Report> {
    let run = uuid::Uuid::new_v4().simple().to_string();
    let accounts = accounts(options, guest, &run).await?;
    let report = Mutex::new(Report::default());
    let progress = progress_bar(invoices.len(), options.quiet);
    let started = Instant::now();
    futures::stream::iter(invoices.iter().enumerate())
        .map(anyhow::Ok)
        .try_for_each_concurrent(options.concurrency.max(1), |(index, invoice)| {
            let customer = invoice.customer.parse::<usize>().unwrap_or(index);
            let (account, report, progress) = (&accounts[customer % accounts.len()], &report, &progress);
            let key = format!("{run}-{}", invoice.number);
            async move {
                let lines: Vec<_> =
                    invoice.lines.iter().map(|(sku, quantity)| (catalog[sku].id.clone(), *quantity)).collect();
                let sent = Instant::now();
                let placed = account.place(&key, &lines).await?;
                if let Ok(mut report) = report.lock() {
                    report.count(placed, sent.elapsed());
                }
                progress.inc(1);
                Ok(())
            }
        })
        .await?;
    progress.finish_and_clear();
    let mut report = report.into_inner().unwrap_or_default();
    report.took = started.elapsed();
    Ok(report)
}

fn progress_bar(orders: usize, quiet: bool) -> ProgressBar {
    let bar = ProgressBar::new(orders as u64);
    if quiet {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} orders, {per_sec}, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

impl Report {
    fn count(&mut self, placed: Placed, latency: Duration) {
        self.latencies.record(latency);
        match placed {
            Placed::Refused(code) => *self.refused.entry(code).or_default() += 1,
            Placed::Accepted { total_minor, lines } => {
                self.accepted += 1;
                self.revenue_minor += total_minor;
                for (sku, pieces) in lines {
                    *self.units.entry(sku).or_default() += pieces;
                }
            }
        }
    }

    /// Compares the books. Refused orders are left out of what the file implies, so units can only be checked against
    /// the file when there are none; stock is always checked.
    fn check(
        &mut self,
        wanted: &BTreeMap<String, i64>,
        catalog: &HashMap<String, Listed>,
        before: &BTreeMap<String, i64>,
        after: &BTreeMap<String, i64>,
    ) {
        let expected = if self.refused.is_empty() { wanted.clone() } else { self.units.clone() };
        for (sku, units) in &expected {
            let sold = self.units.get(sku).copied().unwrap_or_default();
            if sold != *units {
                self.disagreements.push(format!("{sku}: the file has {units} pieces, the orders {sold}"));
            }
        }
        for (sku, left) in after {
            let expected = before[sku] - expected.get(sku).copied().unwrap_or_default();
            if *left != expected {
                self.disagreements.push(format!("{sku}: {left} are left instead of {expected}"));
            }
        }
        let revenue: i64 = expected.iter().map(|(sku, units)| units * catalog[sku].price_minor).sum();
        if revenue != self.revenue_minor {
            self.disagreements.push(format!("the revenue is {} instead of {revenue}", self.revenue_minor));
        }
    }
}
