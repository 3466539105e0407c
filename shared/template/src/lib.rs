//! Reads `template.yaml`, the catalogue of functions: what there is, and what route, trigger or schedule sets it going.

use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

const TEXT: &str = include_str!("../../../template.yaml");

/// The catalogue.
#[derive(Debug)]
pub struct Template {
    functions: Vec<Function>,
}

/// A function and what sets it going.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name, in kebab case.
    pub name: String,
    /// The bounded context whose crate holds it.
    pub context: String,
    /// What sets it going.
    pub trigger: Trigger,
    /// The longest that an invocation may take.
    pub timeout: Duration,
}

/// What sets a function going.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// An HTTP request.
    Http {
        /// In capitals.
        method: String,
        /// With parameters in braces.
        path: String,
    },
    /// A message of the WebSocket API: `$connect`, `$disconnect`, `$default` or an action.
    Socket {
        /// The route key.
        route: String,
    },
    /// Events.
    Stream(Consumer),
    /// Time.
    Schedule {
        /// As EventBridge writes it: `rate(1 minute)`.
        expression: String,
    },
    /// Somebody who deploys or operates the system.
    Call,
}

/// A function that the stream trigger feeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer {
    /// Its name.
    pub function: String,
    /// The streams that it reads.
    pub streams: Vec<String>,
    /// Most entries of one invocation.
    pub batch_size: usize,
}

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

impl Template {
    /// The catalogue that this program was built with.
    ///
    /// # Errors
    /// When it is not what Souk understands; a test keeps that from happening.
    pub fn built_in() -> Result<Self> {
        Self::parse(TEXT).context("template.yaml")
    }

    fn parse(text: &str) -> Result<Self> {
        let document: Document = serde_saphyr::from_str(text).map_err(|error| anyhow::anyhow!("{error}"))?;
        let functions =
            document.resources.iter().filter(|(_, resource)| resource.r#type == "AWS::Serverless::Function");
        let read = |(logical, resource): (&String, &Resource)| {
            function(logical, resource, &document.resources).with_context(|| logical.clone())
        };
        Ok(Self { functions: functions.map(read).collect::<Result<_>>()? })
    }

    /// Every function, by logical name.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// The functions that the stream trigger feeds.
    pub fn consumers(&self) -> impl Iterator<Item = &Consumer> {
        self.functions.iter().filter_map(|function| match &function.trigger {
            Trigger::Stream(consumer) => Some(consumer),
            _ => None,
        })
    }
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
    use super::*;

    #[test]
    fn the_template_can_be_read_and_every_name_is_the_logical_one_in_kebab_case() {
        let template = Template::built_in().expect("the template");
        assert!(template.functions().len() >= 65);
        assert_eq!(template.consumers().count(), 5);
        let place = template.functions().iter().find(|function| function.name == "place-order").expect("place-order");
        assert_eq!(place.trigger, Trigger::Http { method: "POST".to_owned(), path: "/api/v1/orders".to_owned() });
        let connect = template.functions().iter().find(|function| function.name == "connect").expect("connect");
        assert_eq!(connect.trigger, Trigger::Socket { route: "$connect".to_owned() });
    }

    #[test]
    fn a_function_that_nothing_sets_going_is_refused() {
        let text = "Resources:\n  Idle:\n    Type: AWS::Serverless::Function\n    Metadata: {Souk: {Context: x}}\n    Properties: {CodeUri: target/lambda/idle}\n";
        assert!(Template::parse(text).is_err());
    }
}
