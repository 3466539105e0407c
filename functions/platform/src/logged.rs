//! The log of a test, as it is on Lambda, and what `template.yaml` makes of it.

use serde_json::Value;
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing::subscriber::DefaultGuard;

/// What the present thread logs.
pub(crate) struct Logged {
    bytes: Bytes,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a lock").write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Logged {
    /// From now on, in the form that `start_logging` gives it on Lambda.
    pub(crate) fn start() -> Self {
        let bytes = Bytes::default();
        let writer = bytes.clone();
        let lambda = tracing_subscriber::fmt().json().flatten_event(true).without_time();
        let subscriber = lambda.with_writer(move || writer.clone()).finish();
        Self { bytes, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// The lines that a metric filter of the template takes, which all have the fields that it names.
    pub(crate) fn taken_by(&self, filter: &str) -> Vec<Value> {
        let template = include_str!("../../../template.yaml");
        let block = template.split(&format!("\n  {filter}:\n")).nth(1).expect("a filter");
        let block = block.split("\n\n").next().unwrap_or_default();
        let message = block.split("$.message = \"").nth(1).and_then(|rest| rest.split('"').next()).expect("a message");
        let fields = block.split("$.").skip(1).filter_map(|rest| rest.split([' ', ',', '}', '"', '\n']).next());
        let fields: Vec<&str> = fields.collect();
        let text = String::from_utf8(self.bytes.0.lock().expect("a lock").clone()).expect("UTF-8");
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let taken: Vec<_> = lines.filter(|line| line["message"] == message).collect();
        for (line, field) in taken.iter().flat_map(|line| fields.iter().map(move |field| (line, field))) {
            assert!(!line[field].is_null(), "{filter} wants {field}: {line}");
        }
        taken
    }
}
