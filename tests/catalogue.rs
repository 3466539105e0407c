//! The catalogue agrees with everything that it names, and nothing exists outside it.

use crate::harness::Shop;
use serde_json::Value;
use souk_template::{Template, Trigger};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The names of the files in a folder that end in `.{extension}`.
fn names(folder: &Path, extension: &str) -> BTreeSet<String> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let wanted = files.filter(|path| path.extension().is_some_and(|found| found == extension));
    wanted.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn every_function_has_its_file_its_bin_and_its_sample_event() {
    let template = Template::built_in().unwrap();
    let events = names(&root().join("events"), "json");
    let functions: BTreeSet<String> = template.functions().iter().map(|function| function.name.clone()).collect();
    assert_eq!(events, functions, "events/ and template.yaml");

    let mut bins = BTreeSet::new();
    for context in std::fs::read_dir(root().join("functions")).unwrap() {
        let folder = context.unwrap().path();
        let context = folder.file_name().unwrap().to_string_lossy().into_owned();
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        for bin in names(&folder.join("src/bin"), "rs") {
            let name = bin.replace('_', "-");
            assert!(
                manifest.contains(&format!("name = \"{name}\"\npath = \"src/bin/{bin}.rs\"")),
                "{name} in Cargo.toml"
            );
            assert!(folder.join(format!("src/{bin}.rs")).exists(), "{name} has a bin and no file");
            bins.insert((name, context.clone()));
        }
    }
    let named: BTreeSet<_> =
        template.functions().iter().map(|function| (function.name.clone(), function.context.clone())).collect();
    assert_eq!(bins, named, "bins and template.yaml");
}

/// What `serve_http` does for others: a line for each message that says whose connection it was, a line for each event.
#[test]
fn whoever_answers_a_browser_or_takes_events_says_so_in_the_log_on_lambda_too() {
    for function in Template::built_in().unwrap().functions() {
        let (name, context) = (&function.name, &function.context);
        let told = match function.trigger {
            Trigger::Socket { .. } => format!("attend(\"{name}\", request, "),
            Trigger::Stream(_) => format!("serve_consumer(\"{name}\", "),
            _ => continue,
        };
        let bin = root().join(format!("functions/{context}/src/bin/{}.rs", name.replace('-', "_")));
        assert!(std::fs::read_to_string(bin).unwrap().contains(&told), "{name}: no {told}");
    }
}

/// What the stream trigger, a redrive and a replay invoke.
#[test]
fn whoever_feeds_consumers_may_invoke_each_of_them() {
    let text = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    for consumer in Template::built_in().unwrap().consumers() {
        let words = consumer.function.split('-').map(|word| word[..1].to_uppercase() + &word[1..]);
        let permission = format!("- !GetAtt {}.Arn\n", words.collect::<String>());
        assert_eq!(text.matches(&permission).count(), 3, "{permission}");
    }
}

/// `SOUK_UPDATE=1` writes the file anew.
#[test]
fn cargo_lambda_finds_the_function_of_every_route() {
    let mut routes = BTreeSet::new();
    for function in Template::built_in().unwrap().functions() {
        if let Trigger::Http { method, path } = &function.trigger {
            routes.insert(format!(
                "    {{ path = \"{path}\", methods = [\"{method}\"], function = \"{}\" }},\n",
                function.name
            ));
        }
    }
    let routes: String = routes.into_iter().collect();
    let expected = format!(
        "# How `cargo lambda watch` finds the function of an HTTP request. `make routes` writes it out of template.yaml.\n\
         [watch]\nrouter = [\n{routes}]\n"
    );
    let file = root().join("CargoLambda.toml");
    if std::env::var_os("SOUK_UPDATE").is_some() {
        std::fs::write(&file, &expected).unwrap();
    }
    assert_eq!(std::fs::read_to_string(file).unwrap(), expected, "CargoLambda.toml; `make routes` writes it");
}

#[test]
fn every_sample_event_fits_its_trigger() {
    for function in Template::built_in().unwrap().functions() {
        let path = root().join(format!("events/{}.json", function.name));
        let event: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let key = match &function.trigger {
            Trigger::Http { method, path } => {
                assert_eq!(event["routeKey"], format!("{method} {path}"), "{}", function.name);
                continue;
            }
            Trigger::Socket { route } => {
                assert_eq!(event["requestContext"]["routeKey"], route.as_str(), "{}", function.name);
                continue;
            }
            Trigger::Stream(_) => "records",
            Trigger::Schedule { .. } | Trigger::Call => continue,
        };
        for record in event[key].as_array().unwrap() {
            let event = souk_domain::Event::from_json(&record["event"].to_string());
            assert!(event.is_ok(), "{}: {event:?}", function.name);
        }
    }
}

#[tokio::test]
async fn every_http_function_has_its_operation_and_no_other_exists() {
    let shop = Shop::open().await;
    let text = shop.get("/openapi.json").await.text;
    let document: Value = serde_json::from_str(&text).unwrap();
    let mut operations = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let text = |field: &str| operation[field].as_str().unwrap_or_default().len();
            assert!(text("summary") > 0, "{method} {path} has no summary");
            operations.insert((
                method.to_uppercase(),
                path.clone(),
                operation["operationId"].as_str().unwrap().replace('_', "-"),
            ));
        }
    }
    let routed: BTreeSet<_> = Template::built_in()
        .unwrap()
        .functions()
        .iter()
        .filter_map(|function| match &function.trigger {
            Trigger::Http { method, path } => Some((method.clone(), path.clone(), function.name.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(operations, routed);
}
