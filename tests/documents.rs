//! What the documents for whoever runs the shop name exists.

use clap::CommandFactory;
use souk_lambda::metrics;
use souk_local::Options;
use souk_template::Template;
use std::collections::BTreeSet;
use std::path::Path;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// The words that follow `before`, up to the first character that no name has.
fn named<'a>(text: &'a str, before: &str) -> BTreeSet<&'a str> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.split(before).skip(1).filter_map(|rest| rest.split(|c| !is_of_name(c)).next()).collect()
}

const FOR_PEOPLE: [&str; 4] = ["README.md", "CONTRIBUTING.md", "docs/operations.md", "web/realtime/README.md"];

#[test]
fn every_target_of_make_that_is_named_exists() {
    let makefile = read("Makefile");
    for document in FOR_PEOPLE {
        let text = read(document);
        let named = named(&text, "`make ").into_iter().chain(named(&text, "    make "));
        let named: Vec<_> = named.filter(|target| !target.is_empty()).collect();
        assert!(!named.is_empty(), "{document} names no target");
        for target in named {
            assert!(makefile.contains(&format!("\n{target}:")), "{document} names make {target}");
        }
    }
}

#[test]
fn every_option_of_souk_that_is_named_exists() {
    let command = Options::command();
    let options: BTreeSet<_> = command.get_arguments().filter_map(|argument| argument.get_long()).collect();
    let operations = read("docs/operations.md");
    let lines = operations.lines().flat_map(|line| line.split("`souk ").skip(1));
    let named: BTreeSet<_> = lines.flat_map(|rest| named(rest.split('`').next().unwrap_or_default(), "--")).collect();
    assert!(named.len() > 3 && named.is_subset(&options), "{:?}", named.difference(&options));
    let (readme, table) = (read("README.md"), "| `--");
    for option in readme.lines().filter(|line| line.starts_with(table)).flat_map(|line| self::named(line, "`--")) {
        assert!(options.contains(option), "README.md names --{option}");
    }
}

#[test]
fn every_function_that_is_called_in_a_runbook_exists_and_a_replay_names_all_consumers() {
    let (operations, template) = (read("docs/operations.md"), Template::built_in().unwrap());
    let functions: BTreeSet<_> = template.functions().iter().map(|function| function.name.as_str()).collect();
    // A line may break before the name.
    let text = operations.split_whitespace().collect::<Vec<_>>().join(" ");
    let called = named(&text, "--function-name souk-");
    assert!(called.len() > 5);
    for called in called {
        assert!(functions.contains(called), "docs/operations.md calls {called}");
    }
    let replayed = operations.split("for function in ").nth(1).and_then(|rest| rest.split(';').next()).unwrap();
    let consumers: BTreeSet<_> = template.consumers().map(|consumer| consumer.function.as_str()).collect();
    assert_eq!(replayed.split(' ').collect::<BTreeSet<_>>(), consumers);
}

#[test]
fn every_metric_is_explained_and_shown_and_alarms_stand_on_metrics_that_exist() {
    let (operations, template) = (read("docs/operations.md"), read("template.yaml"));
    let (_, dashboard) = template.split_once("\n  Dashboard:\n").unwrap();
    let table: String = operations.lines().filter(|line| line.starts_with("| `")).collect();
    let known: BTreeSet<_> = metrics::ALL.iter().map(|(name, _)| *name).collect();
    for metric in &known {
        assert!(table.contains(&format!("`{metric}`")), "docs/operations.md does not explain {metric}");
        assert!(dashboard.contains(metric), "the dashboard does not show {metric}");
    }
    let watched = named(&template, "Namespace: !Ref AWS::StackName\n      MetricName: ");
    assert!(watched.len() > 2 && watched.is_subset(&known), "{watched:?}");
}

#[test]
fn every_alarm_has_its_runbook() {
    let (operations, template) = (read("docs/operations.md"), read("template.yaml"));
    let alarms = template.lines().zip(template.lines().skip(1));
    let alarms = alarms.filter(|(_, kind)| kind.trim() == "Type: AWS::CloudWatch::Alarm").map(|(name, _)| name.trim());
    let alarms: Vec<_> = alarms.map(|name| name.trim_end_matches(':')).collect();
    assert!(alarms.len() > 5);
    for alarm in alarms {
        assert!(operations.contains(&format!("`{alarm}`")), "docs/operations.md does not name {alarm}");
    }
    for heading in template.split("docs/operations.md, \"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(operations.contains(&format!("\n## {heading}\n")), "docs/operations.md has no {heading}");
    }
}

#[test]
fn every_key_of_the_secret_is_explained_and_none_is_asked_for_in_vain() {
    let (operations, template) = (read("docs/operations.md"), read("template.yaml"));
    let read = named(&template, ":SecretString:");
    let rows = operations.lines().filter_map(|line| line.trim().strip_prefix("| `"));
    let rows: BTreeSet<_> = rows.filter_map(|row| row.split('`').next()).filter(|name| name.contains('_')).collect();
    let read: BTreeSet<_> = read.into_iter().filter(|key| *key != "password").collect();
    assert_eq!(rows, read);
}
