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
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use table::Row;

/// Measures how functions start.
#[derive(Clone, Debug, Parser)]
#[command(name = "bench-cold", version)]
pub struct Options {
    /// The folder of the functions as they are deployed.
    #[arg(long, default_value = "target/cold")]
    pub deployed: PathBuf,

    /// The folder of the functions with the embedded store.
    #[arg(long, default_value = "target/deploy")]
    pub embedded: PathBuf,

    /// The program that they run beside.
    #[arg(long, default_value = "target/release/souk")]
    pub souk: PathBuf,

    /// Only these functions.
    #[arg(long, value_delimiter = ',')]
    pub functions: Vec<String>,

    /// Starts of each; the median counts.
    #[arg(long, default_value_t = 31)]
    pub rounds: usize,

    /// Writes the tables into this document, too, between its two marks.
    #[arg(long)]
    pub document: Option<PathBuf>,
}

/// The function that does nothing, in the folder of the functions.
const EMPTY: &str = "examples/empty-function";

/// What stands for an access token in the sample events.
const TOKEN: &str = "<token from POST /api/v1/sessions>";

/// Where the store is not: a SQL Server at an address that the system connects nobody to, and says so at once. What a function does by itself
/// shows then.
const NO_STORE: &str = "sqlserver://souk:souk@255.255.255.255/souk";

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
    // Nobody hears that it is away, which is not the work of a start.
    storeless.insert("SOUK_LOG".to_owned(), "error".to_owned());

    let unpacked = Unpacked(keep.path());
    let (empty_program, empty_size) = unpacked.program("empty", &options.embedded.join(EMPTY))?;
    let mut rows = Vec::new();
    for name in &names {
        let event = std::fs::read_to_string(Path::new("events").join(format!("{name}.json"))).context("events/")?;
        // Of a session of its own: some functions end them.
        let event = event.replace(TOKEN, souk.manager().await?.token().context("no token")?);
        let (alone_program, size) = unpacked.program("alone", &options.deployed.join(name))?;
        let (full_program, _) = unpacked.program("full", &options.embedded.join(name))?;
        let mut starts = Starts::default();
        // One round without counting, so that each program was started before. The rounds of a function follow each other: were those of
        // all others between them, the caches would know the empty function and nobody else.
        for round in 0..=options.rounds {
            let empty = start(&empty_program, &variables, "{}").await.context(EMPTY)?;
            let alone = ready(&alone_program, &storeless).await.with_context(|| name.clone())?;
            let full = start(&full_program, &variables, &event).await.with_context(|| name.clone())?;
            if round > 0 {
                starts.empty.push(empty);
                starts.alone.push(alone);
                starts.full.push(full);
            }
        }
        rows.push(Row::of(name, size, &starts));
    }
    drop(souk);
    let text = table::of(&rows, empty_size);
    print!("{text}");
    match &options.document {
        Some(document) => table::write_into(document, &text),
        None => Ok(()),
    }
}

/// Where programs lie as they do once their zips are unpacked: written from the first byte to the last. A linker writes here and there,
/// which leaves its files in smaller pieces in the kernel's cache: each costs a start a page fault more.
struct Unpacked<'a>(&'a Path);

impl Unpacked<'_> {
    /// A copy of the program under this name, and its size in bytes.
    fn program(&self, name: &str, built: &Path) -> Result<(PathBuf, u64)> {
        let missing = || format!("{} (make bench-cold builds it)", built.display());
        let (program, bytes) = (self.0.join(name), std::fs::read(built).with_context(missing)?);
        let mut file = std::fs::File::create(&program)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o755))?;
        file.write_all(&bytes)?;
        // Now, and not while it is measured.
        file.sync_all()?;
        Ok((program, bytes.len() as u64))
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
