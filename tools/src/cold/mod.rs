//! How functions start: each is started as Lambda starts it, beside a shop on embedded parts, and between its starts a function that
//! does nothing is, so that whatever else the machine does befalls both.

mod runtime;
mod start;
mod table;

use crate::souk::Souk;
use anyhow::{Context, Result};
use clap::Parser;
use souk_template::Template;
use start::{Start, Variables, ready, start};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use table::Row;

/// Measures how functions start.
#[derive(Clone, Debug, Parser)]
#[command(name = "bench-cold", version)]
pub struct Options {
    /// The folder of the functions.
    #[arg(long, default_value = "target/deploy")]
    pub folder: PathBuf,

    /// The program that they run beside.
    #[arg(long, default_value = "target/release/souk")]
    pub souk: PathBuf,

    /// Only these functions.
    #[arg(long, value_delimiter = ',')]
    pub functions: Vec<String>,

    /// Starts of each; the median counts.
    #[arg(long, default_value_t = 21)]
    pub rounds: usize,

    /// Writes the tables into this document, too, between its two marks.
    #[arg(long)]
    pub document: Option<PathBuf>,
}

/// The function that does nothing, in the folder of the functions.
const EMPTY: &str = "examples/empty-function";

/// Where the store is not: a SQL Server at a port where nobody listens. What a function does by itself shows then.
const NO_STORE: &str = "sqlserver://souk:souk@127.0.0.1:9/souk";

/// Of one function, in turn.
#[derive(Default)]
struct Starts {
    empty: Vec<Start>,
    alone: Vec<Duration>,
    full: Vec<Start>,
}

/// Measures everything and prints it.
///
/// # Errors
/// When a program is missing, does not start or does not answer.
pub async fn run(options: &Options) -> Result<()> {
    let names = chosen(&options.functions)?;
    let keep = tempfile::tempdir()?;
    let file = keep.path().join("variables.json");
    let souk = Souk::start(&options.souk, &["--variables".as_ref(), file.as_os_str()]).await?;
    let mut variables: Variables = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
    // No function runs another one here.
    variables.insert("SOUK_LAMBDA_ENDPOINT".to_owned(), "http://127.0.0.1:9".to_owned());

    let mut storeless = variables.clone();
    storeless.insert("SOUK_STORE_URL".to_owned(), NO_STORE.to_owned());

    let program = |name: &str| options.folder.join(name);
    let mut starts: BTreeMap<&str, Starts> = BTreeMap::new();
    // One round without counting, so that every program has been read from the disk.
    for round in 0..=options.rounds {
        for name in &names {
            let empty = start(&program(EMPTY), &variables, "{}").await.context(EMPTY)?;
            let event = std::fs::read_to_string(Path::new("events").join(format!("{name}.json"))).context("events/")?;
            let alone = ready(&program(name), &storeless).await.with_context(|| name.clone())?;
            let full = start(&program(name), &variables, &event).await.with_context(|| name.clone())?;
            if round > 0 {
                let of_name = starts.entry(name).or_default();
                of_name.empty.push(empty);
                of_name.alone.push(alone);
                of_name.full.push(full);
            }
        }
    }
    drop(souk);
    let size = |name: &str| Ok::<_, std::io::Error>(std::fs::metadata(program(name))?.len());
    let rows = starts.into_iter().map(|(name, starts)| Ok(Row::of(name, size(name)?, &starts)));
    let text = table::of(&rows.collect::<Result<Vec<_>>>()?, size(EMPTY)?);
    print!("{text}");
    match &options.document {
        Some(document) => table::write_into(document, &text),
        None => Ok(()),
    }
}

/// The names of the functions to measure, of all when none are asked for.
fn chosen(wanted: &[String]) -> Result<Vec<String>> {
    let template = Template::built_in()?;
    let known: Vec<String> = template.functions().iter().map(|function| function.name.clone()).collect();
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(name)) {
        anyhow::bail!("there is no function {unknown}");
    }
    Ok(if wanted.is_empty() { known } else { wanted.to_vec() })
}
