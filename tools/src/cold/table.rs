//! What was measured, in words that fit into a document.

use super::Starts;
use super::start::Start;
use anyhow::{Context, Result};
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// What the table stands between in a document.
const MARKS: (&str, &str) = ("<!-- make bench-cold writes from here -->\n", "<!-- to here -->\n");

/// One function; medians.
pub(super) struct Row {
    name: String,
    size: u64,
    alone: f64,
    ready: f64,
    answered: f64,
    peak_mb: f64,
    answer: String,
    /// Times of the empty function in turn with it: the median of one by one, which whatever slows the machine down for a while leaves alone.
    alone_ratio: f64,
    ready_ratio: f64,
    answered_ratio: f64,
    /// The empty function, in turn with it.
    empty_ready: f64,
    empty_answered: f64,
    empty_peak_mb: f64,
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

impl Row {
    pub(super) fn of(name: &str, size: u64, starts: &Starts) -> Self {
        let ready = |starts: &[Start]| median(starts.iter().map(|start| millis(start.ready)));
        let answered = |starts: &[Start]| median(starts.iter().map(|start| millis(start.answered)));
        let peak_mb = |starts: &[Start]| median(starts.iter().map(|start| start.peak_kb as f64 / 1000.0));
        let Starts { empty, alone, full } = starts;
        let ratio = |pairs: &mut dyn Iterator<Item = (Duration, Duration)>| {
            median(pairs.map(|(time, empty)| time.as_secs_f64() / empty.as_secs_f64()))
        };
        Self {
            name: name.to_owned(),
            size,
            alone: median(alone.iter().map(|time| millis(*time))),
            ready: ready(full),
            answered: answered(full),
            peak_mb: peak_mb(full),
            answer: full.last().map(|start| start.answer.clone()).unwrap_or_default(),
            alone_ratio: ratio(&mut alone.iter().zip(empty).map(|(alone, empty)| (*alone, empty.ready))),
            ready_ratio: ratio(&mut full.iter().zip(empty).map(|(full, empty)| (full.ready, empty.ready))),
            answered_ratio: ratio(&mut full.iter().zip(empty).map(|(full, empty)| (full.answered, empty.answered))),
            empty_ready: ready(empty),
            empty_answered: answered(empty),
            empty_peak_mb: peak_mb(empty),
        }
    }
}

/// The tables: of all functions, and of each.
pub(super) fn of(rows: &[Row], empty_size: u64) -> String {
    let mut text = String::from("\n| of all functions | median | p95 | most |\n|---|---:|---:|---:|\n");
    let mut line = |what: &str, value: &dyn Fn(&Row) -> f64| {
        let digits = if what.ends_with("× empty") { 2 } else { 1 };
        let mut values: Vec<f64> = rows.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
        // Writing into a text does not fail.
        let _ = writeln!(text, "| {what} | {:.digits$} | {:.digits$} | {:.digits$} |", at(0.5), at(0.95), at(1.0));
    };
    line("alone: start → `next`, × empty", &|row| row.alone_ratio);
    line("with its parts: start → `next`, × empty", &|row| row.ready_ratio);
    line("with its parts: start → answer, × empty", &|row| row.answered_ratio);
    line("alone: start → `next`, ms", &|row| row.alone);
    line("with its parts: start → `next`, ms", &|row| row.ready);
    line("with its parts: start → answer, ms", &|row| row.answered);
    line("peak memory, MB", &|row| row.peak_mb);
    line("program, MB", &|row| row.size as f64 / 1e6);
    line("the empty function: start → `next`, ms", &|row| row.empty_ready);
    line("the empty function: start → answer, ms", &|row| row.empty_answered);
    line("the empty function: peak memory, MB", &|row| row.empty_peak_mb);
    line("the empty function: program, MB", &|_| empty_size as f64 / 1e6);

    text += "\n| function | alone → `next`, ms | × empty | → `next`, ms | × empty | → answer, ms | answer | peak, MB | program, MB |\n";
    text += "|---|---:|---:|---:|---:|---:|---|---:|---:|\n";
    for row in rows {
        let Row { name, alone, alone_ratio, ready, ready_ratio, answered, answer, peak_mb, .. } = row;
        let size = row.size as f64 / 1e6;
        let _ = writeln!(
            text,
            "| `{name}` | {alone:.1} | {alone_ratio:.2} | {ready:.1} | {ready_ratio:.2} | {answered:.1} | {answer} | {peak_mb:.1} | {size:.1} |"
        );
    }
    text + "\n"
}

/// Puts the tables where those of the last run stand.
pub(super) fn write_into(document: &Path, tables: &str) -> Result<()> {
    let text = std::fs::read_to_string(document).with_context(|| document.display().to_string())?;
    let (before, rest) = text.split_once(MARKS.0).context("the document has no first mark")?;
    let (_, after) = rest.split_once(MARKS.1).context("the document has no second mark")?;
    std::fs::write(document, [before, MARKS.0, tables, MARKS.1, after].concat())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(ready: u64, answered: u64, peak_kb: u64) -> Start {
        let time = Duration::from_millis;
        Start { ready: time(ready), answered: time(answered), peak_kb, answer: "200".to_owned() }
    }

    #[test]
    fn a_row_is_compared_with_the_empty_function_turn_by_turn() {
        let starts = Starts {
            empty: vec![start(2, 3, 4000), start(90, 99, 9000), start(4, 6, 4000)],
            alone: [3, 135, 6].map(Duration::from_millis).to_vec(),
            full: vec![start(6, 9, 20_000), start(45, 99, 30_000), start(12, 18, 20_000)],
        };
        let text = of(&[Row::of("get-stock", 9_000_000, &starts)], 2_000_000);
        assert!(text.contains("| `get-stock` | 6.0 | 1.50 | 12.0 | 3.00 | 18.0 | 200 | 20.0 | 9.0 |"), "{text}");
        assert!(text.contains("| with its parts: start → `next`, × empty | 3.00 | 3.00 | 3.00 |"), "{text}");
    }

    #[test]
    fn only_what_stands_between_the_marks_is_written_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let document = folder.path().join("performance.md");
        std::fs::write(&document, format!("before\n{}old{}after\n", MARKS.0, MARKS.1)).expect("a document");
        write_into(&document, "new\n").expect("written");
        let text = std::fs::read_to_string(&document).expect("a document");
        assert_eq!(text, format!("before\n{}new\n{}after\n", MARKS.0, MARKS.1));
        std::fs::write(&document, "no marks").expect("a document");
        assert!(write_into(&document, "new\n").is_err());
    }
}
