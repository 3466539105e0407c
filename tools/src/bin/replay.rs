//! `replay --orders FILE --limit N --concurrency C --url URL`

use clap::Parser;
use souk_tools::replay::{Options, run};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let report = run(&Options::parse()).await?;
    println!("{report}");
    anyhow::ensure!(report.disagreements.is_empty(), "the shop's books and the file disagree");
    Ok(())
}
