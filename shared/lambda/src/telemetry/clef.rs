//! Lines as Seq reads them: the [compact log event format](https://clef-json.org), one JSON object for each event, with the fields of the
//! spans that it is in.

use serde_json::{Map, Value};
use std::fmt;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Formats events so.
pub(super) struct Clef;

impl<S: Subscriber + for<'a> LookupSpan<'a>> FormatEvent<S, JsonFields> for Clef {
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Line(Map::new());
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(fields) = span.extensions().get::<FormattedFields<JsonFields>>() {
                line.0.extend(serde_json::from_str::<Map<_, _>>(fields).unwrap_or_default());
            }
        }
        event.record(&mut line);
        let Line(mut line) = line;
        line.insert("@t".to_owned(), souk_domain::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true).into());
        line.insert("@l".to_owned(), level(*event.metadata().level()).into());
        line.insert("target".to_owned(), event.metadata().target().into());
        writeln!(writer, "{}", Value::Object(line))
    }
}

/// Seq's names.
fn level(level: Level) -> &'static str {
    match level {
        Level::ERROR => "Error",
        Level::WARN => "Warning",
        Level::INFO => "Information",
        Level::DEBUG => "Debug",
        Level::TRACE => "Verbose",
    }
}

struct Line(Map<String, Value>);

impl Line {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        let name = if field.name() == "message" { "@m" } else { field.name() };
        self.0.insert(name.to_owned(), value.into());
    }
}

impl Visit for Line {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::fmt;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("the lines").write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_has_a_time_a_level_a_message_and_all_that_the_event_and_its_spans_say() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = fmt().fmt_fields(JsonFields::new()).event_format(Clef).with_writer(move || writer.clone());
        tracing::subscriber::with_default(subscriber.finish(), || {
            let request =
                tracing::info_span!("request", correlation_id = %"a \"click\"", caller = tracing::field::Empty);
            request.record("caller", 7);
            let _entered = request.enter();
            tracing::warn!(error = %"out of\nlines", status = 503, late = true, duration_ms = 1.5, "answered");
        });
        let text = String::from_utf8(lines.0.lock().expect("the lines").clone()).expect("text");
        let mut line: Map<String, Value> = serde_json::from_str(&text).expect("one JSON object");
        let at = line.remove("@t").expect("a time");
        assert!(chrono::DateTime::parse_from_rfc3339(at.as_str().expect("text")).is_ok(), "{at}");
        let expected = serde_json::json!({
            "@l": "Warning", "@m": "answered", "target": module_path!(), "correlation_id": "a \"click\"", "caller": 7,
            "error": "out of\nlines", "status": 503, "late": true, "duration_ms": 1.5,
        });
        assert_eq!(Value::Object(line), expected);
    }
}
