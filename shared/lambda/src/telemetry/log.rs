use std::io::IsTerminal;
use tracing::{Level, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, fmt};

/// The driver logs what SQL Server says of a broken constraint, with the values in it; the store logs it without.
const QUIET: &str = "tiberius::tds";

/// What of all that is said becomes a line.
fn filter(default: &str) -> Targets {
    let chosen = std::env::var("SOUK_LOG").ok().and_then(|chosen| chosen.parse::<Targets>().ok());
    let chosen = chosen.or_else(|| default.parse().ok()).unwrap_or_else(|| Targets::new().with_default(Level::INFO));
    chosen.with_target(QUIET, LevelFilter::OFF)
}

pub(super) fn layer<S>(default: &str) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    // Colours are for people who look on, not for files.
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    match std::env::var_os("AWS_LAMBDA_FUNCTION_NAME") {
        // CloudWatch has a time for each line.
        Some(_) => lines.json().flatten_event(true).without_time().with_filter(filter(default)).boxed(),
        None => lines.with_filter(filter(default)).boxed(),
    }
}
