use super::clef::Clef;
use std::io::IsTerminal;
use tracing::{Level, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::JsonFields;
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
    if std::env::var_os("AWS_LAMBDA_FUNCTION_NAME").is_some() {
        // CloudWatch has a time for each line.
        lines.json().flatten_event(true).without_time().with_filter(filter(default)).boxed()
    } else if std::env::var_os("SOUK_LOG_FORMAT").is_some_and(|format| format == "clef") {
        lines.fmt_fields(JsonFields::new()).event_format(Clef).with_filter(filter(default)).boxed()
    } else {
        lines.with_filter(filter(default)).boxed()
    }
}

/// What a test logs.
#[cfg(test)]
pub(crate) mod heard {
    use serde_json::Value;
    use std::cell::RefCell;
    use std::io::Write;
    use std::sync::Once;

    thread_local! {
        static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }

    struct OfThisThread;

    impl Write for OfThisThread {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            LINES.with_borrow_mut(|lines| lines.write(bytes))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// Listens to the present thread from now on. One subscriber for all tests: with one for each, whether a line is wanted at all could be
    /// decided by a thread that has none.
    pub(crate) fn listen() {
        static START: Once = Once::new();
        START.call_once(|| {
            let lines = tracing_subscriber::fmt().json().flatten_event(true).with_writer(|| OfThisThread);
            tracing::subscriber::set_global_default(lines.finish()).expect("the first subscriber");
        });
        LINES.take();
    }

    /// The lines since then.
    pub(crate) fn lines() -> Vec<Value> {
        let text = String::from_utf8(LINES.take()).expect("UTF-8");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}
