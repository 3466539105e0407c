//! `bench-cold`: how functions start, against a function that does nothing.

use clap::Parser;
use souk_tools::cold::{Options, run};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    run(&Options::parse()).await
}
