//! `bench --souk target/release/souk`: speed against baselines of the same run. Machines differ and are noisy; the ratios
//! are what counts.

use clap::Parser;
use souk_tools::bench::{Options, run};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    run(&Options::parse()).await
}
