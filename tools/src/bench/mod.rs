//! Speed of a shop that is started for the purpose, against baselines of the same run.

mod checkouts;
mod fanout;
mod frames;
mod lag;
mod orders;
mod passwords;
mod reads;
mod shop;
mod sqlserver;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use std::path::PathBuf;

/// Measures orders, cached reads and the way from a commit to a browser.
#[derive(Clone, Debug, Parser)]
#[command(name = "bench", version)]
pub struct Options {
    /// The program to measure.
    #[arg(long, default_value = "target/release/souk")]
    pub souk: PathBuf,

    /// The store to measure.
    #[arg(long, value_enum, default_value_t = Store::Embedded)]
    pub store: Store,

    /// Orders a round; 4,000 unless told otherwise, 1,000 on SQL Server.
    #[arg(long)]
    pub orders: Option<usize>,

    /// Rounds; the median counts.
    #[arg(long, default_value_t = 5)]
    pub rounds: usize,

    /// Buyers at once.
    #[arg(long, default_value_t = 32)]
    pub concurrency: usize,

    /// Only this measurement of the embedded system.
    #[arg(long, value_enum)]
    pub only: Option<Measurement>,
}

/// What is measured of the whole system on the embedded parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Measurement {
    /// Orders and check-outs.
    Orders,
    /// Cached reads.
    Reads,
    /// From a request to a browser.
    Frames,
    /// From a commit to a consumer.
    Lag,
    /// One change told to many browsers.
    Fanout,
    /// Passwords.
    Passwords,
}

/// What `make bench STORE=…` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Store {
    /// The whole system on the embedded parts.
    Embedded,
    /// The store on the SQL Server of `SOUK_TEST_SQLSERVER_URL`, whose database is emptied.
    Sqlserver,
}

/// Products that the buyers choose from.
const PRODUCTS: usize = 1000;
/// Products of each order.
const LINES: usize = 3;

/// Measures everything and prints it.
///
/// # Errors
/// When the program does not start or stops answering.
pub async fn run(options: &Options) -> Result<()> {
    if options.store == Store::Sqlserver {
        return sqlserver::measure(options).await;
    }
    let shop = shop::Running::start(&options.souk).await?;
    let wanted = |one| options.only.is_none_or(|only| only == one);
    if wanted(Measurement::Orders) {
        let orders_a_second = orders::measure(options, &shop).await?;
        checkouts::measure(options, &shop, orders_a_second).await?;
    }
    if wanted(Measurement::Reads) {
        reads::measure(&shop).await?;
    }
    if wanted(Measurement::Frames) {
        frames::measure(&shop).await?;
    }
    if wanted(Measurement::Lag) {
        lag::measure(&shop).await?;
    }
    if wanted(Measurement::Fanout) {
        fanout::measure(&shop).await?;
    }
    if wanted(Measurement::Passwords) {
        passwords::measure().await?;
    }
    println!("memory      {:.0} MB resident after all of this", shop.resident_mb()?);
    Ok(())
}

/// The middle one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A catalog file of [`PRODUCTS`] products.
fn catalog() -> String {
    let rows = (0..PRODUCTS).map(|n| format!("B{n:04},Bench product {n},Category {},{},GBP\n", n % 12, 100 + n));
    "sku,name,category,price_minor,currency\n".to_owned() + &rows.collect::<String>()
}

/// The products of the n-th order: spread over the catalog, never one twice.
fn chosen(n: usize) -> impl Iterator<Item = usize> {
    (0..LINES).map(move |line| (n * 7 + line * 331) % PRODUCTS)
}
