//! `docs/security.md` says which tests stand for which defence; they must exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What stands in backticks and looks like `file::test`.
fn named(cell: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_name = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let quoted = cell.split('`').skip(1).step_by(2).filter_map(|text| text.split_once("::"));
    quoted.filter(move |(file, test)| is_name(file) && is_name(test))
}

/// The cells of a row of a table; none for any other line.
fn cells(line: &str) -> Vec<&str> {
    let row = line.strip_prefix('|').and_then(|line| line.strip_suffix('|'));
    row.map(|row| row.split('|').map(str::trim).collect()).unwrap_or_default()
}

/// The Rust files below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The tests of a file: functions with a test's attribute, and those of the contract of the stores, which have theirs from a macro.
fn tests(path: &Path, text: &str) -> Vec<String> {
    let contract = path.components().any(|part| part.as_os_str() == "conformance");
    let (mut is_test, mut found) = (false, Vec::new());
    for line in text.lines().map(str::trim) {
        let function = line.trim_start_matches("pub ").trim_start_matches("async ").strip_prefix("fn ");
        match function.and_then(|function| function.split('(').next()) {
            Some(name) if is_test || (contract && line.starts_with("pub ")) => found.push(name.to_owned()),
            _ => {}
        }
        let more = line.starts_with("//") || line.starts_with("#[");
        is_test = (is_test && more) || line.starts_with("#[test]") || line.starts_with("#[tokio::test");
    }
    found
}

#[test]
fn every_test_that_the_document_names_exists() {
    let mut files = Vec::new();
    for folder in ["tests", "shared", "functions", "local"] {
        sources(&root().join(folder), &mut files);
    }
    let known: BTreeSet<(String, String)> = files
        .iter()
        .flat_map(|path| {
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(path).unwrap();
            tests(path, &text).into_iter().map(move |test| (stem.clone(), test))
        })
        .collect();

    let document = std::fs::read_to_string(root().join("docs/security.md")).unwrap();
    let mut names = BTreeSet::new();
    for line in document.lines() {
        let cells = cells(line);
        let here: Vec<_> = cells.iter().flat_map(|cell| named(cell)).collect();
        // Requirements of the standard: what is met is shown, or is said to be shown by nothing.
        if let [number, _, state, by] = cells[..]
            && number.starts_with(|first: char| first.is_ascii_digit())
        {
            assert!(["met", "open", "not applicable"].contains(&state), "{number} is {state:?}");
            assert!(state != "met" || !here.is_empty() || by.contains("no test"), "{number} is met by no test");
        }
        names.extend(here.into_iter().map(|(file, test)| (file.to_owned(), test.to_owned())));
    }
    let missing: Vec<_> = names.difference(&known).map(|(file, test)| format!("{file}::{test}")).collect();
    assert!(missing.is_empty(), "docs/security.md names tests that do not exist:\n{}", missing.join("\n"));
    assert!(names.len() >= 40, "docs/security.md names {} tests only", names.len());
}
