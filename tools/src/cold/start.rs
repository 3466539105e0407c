use super::runtime::{Deed, Runtime};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// A function that has not answered by then never will.
const PATIENCE: Duration = Duration::from_secs(30);

/// The environment of a process.
pub(super) type Variables = BTreeMap<String, String>;

/// One start of one program.
pub(super) struct Start {
    /// From the start of the process until it asked for an event.
    pub(super) ready: Duration,
    /// From the start of the process until it answered that event.
    pub(super) answered: Duration,
    /// Most memory that it had in use until then, in kilobytes; what it read of its own program included.
    pub(super) peak_kb: u64,
    /// What it answered.
    pub(super) answer: String,
}

/// A process that was started as Lambda starts it.
struct Started {
    at: Instant,
    process: Child,
    runtime: Runtime,
}

impl Started {
    async fn new(program: &Path, variables: &Variables, event: Option<&str>) -> Result<Self> {
        let runtime = Runtime::serve(event.map(str::to_owned)).await?;
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(variables)
            .env("AWS_LAMBDA_RUNTIME_API", runtime.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "cold")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let at = Instant::now();
        let process = command.spawn()?;
        Ok(Self { at, process, runtime })
    }

    async fn deed(&mut self) -> Result<Deed> {
        timeout(PATIENCE, self.runtime.deeds.recv()).await.context("it does nothing")?.context("it ended")
    }

    async fn ready(&mut self) -> Result<Duration> {
        match self.deed().await? {
            Deed::Ready(at) => Ok(at - self.at),
            Deed::Failed(_, error) => bail!("it does not start: {error}"),
            Deed::Answered(..) => bail!("it answers what nobody asked"),
        }
    }

    async fn end(mut self) -> Result<()> {
        Ok(self.process.kill().await?)
    }
}

/// How long the program takes until it asks for its first event.
pub(super) async fn ready(program: &Path, variables: &Variables) -> Result<Duration> {
    let mut started = Started::new(program, variables, None).await?;
    let ready = started.ready().await?;
    started.end().await?;
    Ok(ready)
}

/// Starts the program, gives it the event and ends it once it has answered.
pub(super) async fn start(program: &Path, variables: &Variables, event: &str) -> Result<Start> {
    let mut started = Started::new(program, variables, Some(event)).await?;
    let ready = started.ready().await?;
    let (at, answer) = match started.deed().await? {
        Deed::Answered(at, answer) => (at, in_words(&answer)),
        Deed::Failed(at, error) => (at, format!("error: {}", error["errorMessage"])),
        Deed::Ready(_) => bail!("it asked for the next event without an answer"),
    };
    let (answered, peak_kb) = (at - started.at, peak_kb(&started.process)?);
    started.end().await?;
    Ok(Start { ready, answered, peak_kb, answer })
}

/// The status of an HTTP answer; of another its shape.
fn in_words(answer: &Value) -> String {
    match (&answer["statusCode"], &answer["batchItemFailures"]) {
        (Value::Number(status), _) => status.to_string(),
        (_, Value::Array(failures)) if failures.is_empty() => "handled".to_owned(),
        (_, Value::Array(failures)) => format!("{} not handled", failures.len()),
        _ => "done".to_owned(),
    }
}

fn peak_kb(process: &Child) -> Result<u64> {
    let pid = process.id().context("it ended")?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
