//! The metrics of a test.

use metrics::{LocalRecorderGuard, set_default_local_recorder};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

/// What the present thread measures.
pub(crate) struct Measuring {
    snapshotter: Snapshotter,
    _guard: LocalRecorderGuard<'static>,
}

/// The values of one metric, of one function or of none.
pub(crate) struct Measured(Vec<(String, Option<String>, Vec<f64>)>);

impl Measuring {
    /// From now on.
    pub(crate) fn start() -> Self {
        let recorder: &'static DebuggingRecorder = Box::leak(Box::default());
        Self { snapshotter: recorder.snapshotter(), _guard: set_default_local_recorder(recorder) }
    }

    /// What was measured until now.
    pub(crate) fn end(self) -> Measured {
        let values = |value| match value {
            DebugValue::Histogram(values) => values.into_iter().map(f64::from).collect(),
            DebugValue::Counter(count) => vec![count as f64],
            DebugValue::Gauge(value) => vec![value.into()],
        };
        let all = self.snapshotter.snapshot().into_vec().into_iter().map(|(key, .., value)| {
            let function = key.key().labels().find(|label| label.key() == "Function");
            (key.key().name().to_owned(), function.map(|label| label.value().to_owned()), values(value))
        });
        Measured(all.collect())
    }
}

impl Measured {
    pub(crate) fn of(&self, metric: &str, function: Option<&str>) -> &[f64] {
        let found = self.0.iter().find(|(name, of, _)| name == metric && of.as_deref() == function);
        found.map(|(_, _, values)| &values[..]).unwrap_or_default()
    }
}
