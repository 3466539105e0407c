//! Reads YAML. Built into the build script, not into programs: what takes a function longer than the rest of its start is done once.

use crate::function::{Consumer, Function, Trigger};
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "Resources")]
    resources: BTreeMap<String, Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    r#type: String,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    properties: Properties,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Metadata {
    souk: Option<Souk>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Souk {
    context: String,
    #[serde(default)]
    streams: Vec<String>,
    #[serde(default)]
    batch_size: usize,
    #[serde(default)]
    called: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Properties {
    code_uri: Option<String>,
    events: BTreeMap<String, SamEvent>,
    route_key: Option<String>,
    target: Option<String>,
    timeout: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SamEvent {
    r#type: String,
    properties: SamEventProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SamEventProperties {
    method: Option<String>,
    path: Option<String>,
    schedule_expression: Option<String>,
}

/// Every function, by logical name.
pub(crate) fn functions(text: &str) -> Result<Vec<Function>> {
    let document: Document = serde_saphyr::from_str(text).map_err(|error| anyhow::anyhow!("{error}"))?;
    let functions = document.resources.iter().filter(|(_, resource)| resource.r#type == "AWS::Serverless::Function");
    let read = |(logical, resource): (&String, &Resource)| {
        function(logical, resource, &document.resources).with_context(|| logical.clone())
    };
    functions.map(read).collect()
}

fn function(logical: &str, resource: &Resource, all: &BTreeMap<String, Resource>) -> Result<Function> {
    let uri = resource.properties.code_uri.as_deref().context("CodeUri is missing")?;
    let name = uri.strip_prefix("target/lambda/").context("CodeUri is not target/lambda/{name}")?.to_owned();
    let souk = resource.metadata.souk.as_ref().context("Metadata.Souk is missing")?;
    let trigger = match resource.properties.events.values().next() {
        Some(event) => event_trigger(event)?,
        None if !souk.streams.is_empty() => Trigger::Stream(Consumer {
            function: name.clone(),
            streams: souk.streams.clone(),
            batch_size: souk.batch_size,
        }),
        None if souk.called => Trigger::Call,
        None => socket_trigger(logical, all)?,
    };
    let timeout = Duration::from_secs(resource.properties.timeout.context("Timeout is missing")?);
    Ok(Function { name, context: souk.context.clone(), trigger, timeout })
}

fn event_trigger(event: &SamEvent) -> Result<Trigger> {
    let properties = &event.properties;
    match (event.r#type.as_str(), &properties.method, &properties.path, &properties.schedule_expression) {
        ("HttpApi", Some(method), Some(path), _) => {
            Ok(Trigger::Http { method: method.to_uppercase(), path: path.clone() })
        }
        ("ScheduleV2", _, _, Some(expression)) => Ok(Trigger::Schedule { expression: expression.clone() }),
        (other, ..) => anyhow::bail!("an event of type {other} lacks a property or is unknown"),
    }
}

/// The route of the WebSocket API whose target is this function's integration.
fn socket_trigger(logical: &str, all: &BTreeMap<String, Resource>) -> Result<Trigger> {
    let target = format!("integrations/${{{logical}Integration}}");
    let route = all.values().find(|resource| resource.properties.target.as_deref() == Some(target.as_str()));
    let route = route.and_then(|resource| resource.properties.route_key.clone());
    Ok(Trigger::Socket { route: route.context("nothing sets it going")? })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_function_that_nothing_sets_going_is_refused() {
        let text = "Resources:\n  Idle:\n    Type: AWS::Serverless::Function\n    Metadata: {Souk: {Context: x}}\n    Properties: {CodeUri: target/lambda/idle, Timeout: 10}\n";
        let refused = super::functions(text).expect_err("refused");
        assert!(format!("{refused:#}").contains("nothing sets it going"), "{refused:#}");
    }
}
