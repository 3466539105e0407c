//! Reads `template.yaml`.

#[path = "src/function.rs"]
mod function;
#[path = "src/read.rs"]
mod read;

use anyhow::{Context, Result};
use std::path::PathBuf;

const TEMPLATE: &str = "../../template.yaml";

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed={TEMPLATE}");
    let functions = read::functions(&std::fs::read_to_string(TEMPLATE)?).context("template.yaml")?;
    let folder = PathBuf::from(std::env::var_os("OUT_DIR").context("OUT_DIR")?);
    std::fs::write(folder.join("functions.json"), serde_json::to_vec(&functions)?)?;
    Ok(())
}
