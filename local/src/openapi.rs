//! What the OpenAPI document says beside what each function says of its own route: the failures and headers that come with the shape of
//! an operation, an example of every body, and what every error looks like. Whatever is missing stops the start, so that nothing can be
//! left out.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// An error of each code, as the shop tells it.
const ERRORS: &str = include_str!("errors.json");
/// Documents whose parts must fit together, as the shop answered them.
const DOCUMENTS: &str = include_str!("documents.json");
/// Stands for ids of requests, and of whatever has one.
const ID: &str = "018bcfe5-6418-75e8-ac17-3f60d9b2847e";
/// Schemas of schemas end before this; one that goes round does not.
const DEPTH: usize = 24;
/// What says that an operation is a command.
const KEY: &str = "Idempotency-Key";

/// The document with everything that clients want to know.
///
/// # Errors
/// An operation or a parameter without a description, a field without an example, a code that [`ERRORS`] does not know.
pub(crate) fn complete(mut document: Value) -> Result<Value> {
    let errors: Map<String, Value> = serde_json::from_str(ERRORS).context("errors.json")?;
    let documents = serde_json::from_str(DOCUMENTS).context("documents.json")?;
    let schemas = Schemas { schemas: document["components"]["schemas"].take(), documents };
    let (known, told) = (schemas.codes(), errors.keys().cloned().collect());
    ensure!(known == told, "errors.json and the codes differ: {:?}", known.symmetric_difference(&told));
    for (path, item) in members(&mut document, "/paths") {
        for (method, operation) in members(item, "") {
            complete_operation(method, operation, &schemas, &errors).with_context(|| format!("{method} {path}"))?;
        }
    }
    let examples = errors.into_iter().map(|(code, error)| {
        let error = with_code(&code, error);
        (code, json!({ "value": { "data": null, "errors": [error], "metadata": { "requestId": ID } } }))
    });
    let examples: Map<String, Value> = examples.collect();
    let components = &mut document["components"];
    (components["schemas"], components["examples"], components["headers"]) =
        (schemas.schemas, examples.into(), headers());
    Ok(document)
}

fn with_code(code: &str, error: Value) -> Value {
    let mut whole = json!({ "code": code });
    for (name, value) in error.as_object().into_iter().flatten() {
        whole[name] = value.clone();
    }
    whole
}

/// The members of the object at a place, to be changed; none when nothing is there.
fn members<'a>(value: &'a mut Value, place: &str) -> impl Iterator<Item = (&'a String, &'a mut Value)> {
    value.pointer_mut(place).and_then(Value::as_object_mut).into_iter().flatten()
}

fn complete_operation(
    method: &str,
    operation: &mut Value,
    schemas: &Schemas,
    errors: &Map<String, Value>,
) -> Result<()> {
    ensure!(!text(&operation["description"]).is_empty(), "no description");
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        if text(&parameter["description"]).is_empty() {
            let described = schemas.resolve(&parameter["schema"])?["description"].clone();
            ensure!(!text(&described).is_empty(), "no description of {}", parameter["name"]);
            parameter["description"] = described;
        }
    }
    let shape = Shape::of(method, operation, schemas)?;
    add_failures(operation, &shape);
    for (_, content) in members(operation, "/requestBody/content") {
        add_example(content, schemas, &shape, Place::request()).context("the body of the request")?;
    }
    for (status, response) in members(operation, "/responses") {
        complete_response(status, response, &shape, schemas, errors).with_context(|| status.clone())?;
    }
    Ok(())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// What an operation takes.
struct Shape {
    /// Commands look at `Idempotency-Key`, also those that need none.
    is_command: bool,
    parameters: Vec<(String, String)>,
    has_id: bool,
    /// Whether it counts how often somebody asks.
    is_metered: bool,
    has_body: bool,
    /// Not of a form that the shop describes, but of whoever signed it.
    is_foreign: bool,
    takes_json: bool,
}

impl Shape {
    fn of(method: &str, operation: &Value, schemas: &Schemas) -> Result<Self> {
        let (mut parameters, mut has_id) = (Vec::new(), false);
        for one in operation["parameters"].as_array().into_iter().flatten() {
            has_id |= one["in"] == "path" && schemas.resolve(&one["schema"])?["format"] == "uuid";
            parameters.push((text(&one["in"]).to_owned(), text(&one["name"]).to_owned()));
        }
        let content = operation["requestBody"]["content"].as_object();
        let takes_json = content.is_some_and(|content| content.contains_key("application/json"));
        let is_foreign =
            takes_json && operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].is_null();
        let is_metered = operation["responses"]["429"].is_object();
        let is_command = method != "get" && !is_foreign;
        Ok(Self { is_command, parameters, has_id, is_metered, has_body: content.is_some(), is_foreign, takes_json })
    }

    fn takes(&self, place: &str, name: &str) -> bool {
        self.parameters.iter().any(|(its, called)| its == place && called == name)
    }

    fn takes_any(&self, place: &str) -> bool {
        self.parameters.iter().any(|(its, _)| its == place)
    }

    /// What may be wrong with any request of this shape.
    fn failures(&self) -> impl Iterator<Item = (u16, &'static str)> {
        let [key, version] = [KEY, "If-Match"].map(|name| self.takes("header", name));
        let failures = [
            (400, "invalid_id", self.has_id),
            (400, "invalid_query", self.takes_any("query")),
            (400, "invalid_cursor", self.takes("query", "cursor")),
            (400, "invalid_limit", self.takes("query", "limit")),
            (400, "invalid_if_match", version),
            (400, "invalid_idempotency_key", self.is_command),
            (400, "malformed_body", self.has_body),
            (413, "body_too_large", self.has_body),
            (415, "unsupported_media_type", self.has_body && !self.is_foreign),
            (422, "invalid_request", self.takes_json && !self.is_foreign),
            (422, "idempotency_key_reused", key),
        ];
        failures.into_iter().filter(|(.., can_be)| *can_be).map(|(status, code, _)| (status, code))
    }
}

/// Adds what the shape of the operation brings to the failures that its function names.
fn add_failures(operation: &mut Value, shape: &Shape) {
    for (status, code) in shape.failures() {
        let response = &mut operation["responses"][status.to_string()];
        let known = text(&response["description"]);
        let code = format!("`{code}`");
        if known.contains(&code) {
            continue;
        }
        let description = if known.is_empty() { code } else { format!("{known}, {code}") };
        response["description"] = description.into();
        response["content"]["application/json"]["schema"] = json!({ "$ref": "#/components/schemas/Failure" });
    }
}

fn complete_response(
    status: &str,
    response: &mut Value,
    shape: &Shape,
    schemas: &Schemas,
    errors: &Map<String, Value>,
) -> Result<()> {
    let has_version =
        !status.starts_with('4') && schemas.has_version(&response["content"]["application/json"]["schema"])?;
    for (name, header, is_told) in [
        ("X-Request-Id", "RequestId", true),
        ("ETag", "ETag", has_version),
        ("Location", "Location", status == "201"),
        ("Idempotent-Replayed", "IdempotentReplayed", status.starts_with('2') && shape.takes("header", KEY)),
        ("RateLimit-Limit", "RateLimitLimit", shape.is_metered),
        ("RateLimit-Remaining", "RateLimitRemaining", shape.is_metered),
        ("RateLimit-Reset", "RateLimitReset", shape.is_metered),
        ("Retry-After", "RetryAfter", matches!(status, "429" | "503")),
    ] {
        if is_told {
            response["headers"][name] = json!({ "$ref": format!("#/components/headers/{header}") });
        }
    }
    if status < "400" {
        for (_, content) in members(response, "/content") {
            add_example(content, schemas, shape, Place::answer())?;
        }
        return Ok(());
    }
    let mut codes = Vec::new();
    for word in words_in_backticks(text(&response["description"])) {
        match errors.contains_key(word) {
            true => codes.push(word),
            false => ensure!(!word.contains('_'), "{word} is no code"),
        }
    }
    ensure!(!codes.is_empty(), "it names no code");
    let examples =
        codes.into_iter().map(|code| (code.to_owned(), json!({ "$ref": format!("#/components/examples/{code}") })));
    let examples: Map<String, Value> = examples.collect();
    let content = &mut response["content"]["application/json"];
    // The generic failures are written out in each response by their derive.
    *content = json!({ "schema": { "$ref": "#/components/schemas/Failure" }, "examples": examples });
    Ok(())
}

fn words_in_backticks(description: &str) -> impl Iterator<Item = &str> {
    description.split('`').skip(1).step_by(2)
}

fn add_example(content: &mut Value, schemas: &Schemas, shape: &Shape, place: Place<'_>) -> Result<()> {
    if content.get("example").is_none() && content.get("examples").is_none() {
        let mut example = schemas.example(&content["schema"], place)?;
        if place.is_answer && shape.takes("query", "cursor") {
            example["metadata"]["nextCursor"] = json!("WyIyMDI2LTAxLTMxIiw0Ml0");
        }
        content["example"] = example;
    }
    Ok(())
}

/// The schemas that others refer to, and whole examples of some of them.
struct Schemas {
    schemas: Value,
    documents: Map<String, Value>,
}

/// Where something stands that an example is made for.
#[derive(Clone, Copy)]
struct Place<'a> {
    name: &'a str,
    depth: usize,
    /// What may be left out is left out of an answer, unless it has an example of its own: not everything can be so at once.
    is_answer: bool,
}

impl Place<'_> {
    fn request() -> Self {
        Self { name: "it", depth: 0, is_answer: false }
    }

    fn answer() -> Self {
        Self { is_answer: true, ..Self::request() }
    }
}

impl Schemas {
    /// Every code that an error can have.
    fn codes(&self) -> BTreeSet<String> {
        let codes = self.schemas["ErrorCode"]["enum"].as_array();
        codes.into_iter().flatten().map(|code| text(code).to_owned()).collect()
    }

    /// What a schema refers to, or itself.
    fn resolve<'a>(&'a self, schema: &'a Value) -> Result<&'a Value> {
        let Some(name) = schema["$ref"].as_str() else { return Ok(schema) };
        let name = name.rsplit('/').next().unwrap_or_default();
        self.schemas.get(name).with_context(|| format!("no schema {name}"))
    }

    /// Whether it is an envelope around something that has a version.
    fn has_version(&self, envelope: &Value) -> Result<bool> {
        let data = &self.resolve(envelope)?["properties"]["data"];
        self.has_field(data, "version")
    }

    fn has_field(&self, schema: &Value, name: &str) -> Result<bool> {
        let schema = self.resolve(schema)?;
        let mut has = schema["properties"][name].is_object();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            has |= self.has_field(part, name)?;
        }
        Ok(has)
    }

    /// A whole document that the schema of this name is for, or is an envelope around.
    fn document(&self, name: &str) -> Option<Value> {
        let Some(inner) = name.strip_prefix("Envelope_") else { return self.documents.get(name).cloned() };
        let data = match inner.strip_prefix("Vec_") {
            Some(item) => json!([self.documents.get(item)?]),
            None => self.documents.get(inner)?.clone(),
        };
        Some(json!({ "data": data, "errors": [], "metadata": { "requestId": ID } }))
    }

    /// Something that the schema allows, of the examples that its fields name.
    fn example(&self, schema: &Value, place: Place<'_>) -> Result<Value> {
        let Place { name, depth, is_answer } = place;
        let deeper = Place { depth: depth + 1, ..place };
        ensure!(depth < DEPTH, "{name} goes round");
        if let Some(example) = own_example(schema) {
            return Ok(example.clone());
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap_or_default();
            return match self.document(name) {
                Some(document) => Ok(document),
                None => self.example(self.resolve(schema)?, Place { name, ..deeper }),
            };
        }
        if let Some(first) = schema["enum"].get(0).or_else(|| schema.get("default")) {
            return Ok(first.clone());
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let mut whole = Map::new();
            for part in parts {
                whole.extend(self.example(part, deeper)?.as_object().cloned().unwrap_or_default());
            }
            return Ok(whole.into());
        }
        let ways = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
        if let Some(way) = ways.and_then(|ways| ways.iter().find(|way| way["type"] != "null")) {
            return self.example(way, deeper);
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().map(text).collect(),
            kind => vec![text(kind)],
        };
        let is_optional = kinds.contains(&"null");
        let kind = kinds.into_iter().find(|kind| *kind != "null").unwrap_or_default();
        Ok(match (kind, text(&schema["format"])) {
            ("object", _) => {
                let Some(fields) = schema["properties"].as_object() else {
                    return Ok(if is_optional { Value::Null } else { json!({}) });
                };
                let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().map(text).collect();
                let is_shown = |(field, schema): &(&String, &Value)| {
                    let is_always = field.as_str() == "data" || required.contains(&field.as_str());
                    !is_answer || is_always || own_example(schema).is_some()
                };
                let example = |(field, schema): (&String, &Value)| {
                    let name = format!("{name}.{field}");
                    Ok((field.clone(), self.example(schema, Place { name: &name, ..deeper })?))
                };
                fields.iter().filter(is_shown).map(example).collect::<Result<Map<_, _>>>()?.into()
            }
            ("array", _) => json!([self.example(&schema["items"], deeper)?]),
            ("string", "uuid") => json!(ID),
            ("string", "date-time") => json!("2026-01-31T09:30:00Z"),
            ("string", "date") => json!("2026-01-31"),
            ("boolean", _) => json!(false),
            _ => bail!("{name} has no example"),
        })
    }
}

fn own_example(schema: &Value) -> Option<&Value> {
    schema.get("example").or_else(|| schema["examples"].get(0)).or_else(|| schema.get("const"))
}

/// The headers of answers.
fn headers() -> Value {
    let header = |description: &str, schema: Value, example: Value| json!({ "description": description, "schema": schema, "example": example });
    let count = || json!({ "type": "integer", "minimum": 0 });
    let word = || json!({ "type": "string" });
    json!({
        "RequestId": header("Names this request; quote it when you ask for help.", word(), json!(ID)),
        "ETag": header("The version of what is answered; `If-Match` wants it back.", word(), json!("\"1\"")),
        "Location": header("Where the new thing is.", word(), json!(format!("/api/v1/orders/{ID}"))),
        "IdempotentReplayed": header(
            "`true` when the command was done before and this is its first answer again; absent otherwise.",
            json!({ "type": "string", "const": "true" }),
            json!("true"),
        ),
        "RateLimitLimit": header("How often one may ask in the present time.", count(), json!(600)),
        "RateLimitRemaining": header("What is left of that.", count(), json!(599)),
        "RateLimitReset": header("In how many seconds all of it is there again.", count(), json!(1)),
        "RetryAfter": header("In how many seconds to try again.", count(), json!(1)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schemas() -> Schemas {
        let schemas = json!({
            "Thing": { "type": "object", "required": ["id", "kind", "parts"], "properties": {
                "id": { "type": "string", "format": "uuid" },
                "name": { "type": ["string", "null"], "example": "lamp" },
                "kind": { "oneOf": [{ "type": "null" }, { "$ref": "#/components/schemas/Kind" }] },
                "parts": { "type": "array", "items": { "type": "boolean" } },
                "gone": { "type": ["string", "null"], "format": "date-time" },
            }},
            "Kind": { "type": "string", "enum": ["large", "small"] },
            "Round": { "type": "object", "properties": { "again": { "$ref": "#/components/schemas/Round" } } },
            "Silent": { "type": "object", "properties": { "word": { "type": "string" } } },
        });
        Schemas { schemas, documents: Map::from_iter([("Whole".to_owned(), json!({ "fits": "together" }))]) }
    }

    fn example(name: &str, place: Place<'_>) -> Result<Value> {
        schemas().example(&json!({ "$ref": format!("#/components/schemas/{name}") }), place)
    }

    #[test]
    fn an_example_is_made_of_those_of_the_fields() {
        let mut expected = json!({ "id": ID, "name": "lamp", "kind": "large", "parts": [false] });
        assert_eq!(example("Thing", Place::answer()).expect("an example"), expected);
        expected["gone"] = json!("2026-01-31T09:30:00Z");
        assert_eq!(example("Thing", Place::request()).expect("an example"), expected);
    }

    #[test]
    fn documents_are_taken_whole() {
        let data = |name: &str| example(name, Place::answer()).expect("an example")["data"].clone();
        assert_eq!(data("Envelope_Whole"), json!({ "fits": "together" }));
        assert_eq!(data("Envelope_Vec_Whole"), json!([{ "fits": "together" }]));
        let documents: Map<String, Value> = serde_json::from_str(DOCUMENTS).expect("documents");
        let order: souk_domain::Order = serde_json::from_value(documents["Order"].clone()).expect("an order");
        assert_eq!(json!(order), documents["Order"]);
    }

    #[test]
    fn a_field_without_an_example_is_named() {
        assert_eq!(
            example("Silent", Place::request()).expect_err("no example").to_string(),
            "Silent.word has no example"
        );
        assert!(example("Round", Place::request()).expect_err("no end").to_string().ends_with("goes round"));
    }

    #[test]
    fn the_shape_of_an_operation_says_what_may_be_wrong_with_a_request() {
        let mut operation = json!({
            "parameters": [{ "in": "header", "name": KEY }, { "in": "path", "name": "id", "schema": { "format": "uuid" } }],
            "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } } },
            "responses": { "422": { "description": "`invalid_sku`" } },
        });
        let shape = Shape::of("post", &operation, &schemas()).expect("a shape");
        add_failures(&mut operation, &shape);
        let told = |status: &str| text(&operation["responses"][status]["description"]).to_owned();
        assert_eq!(told("400"), "`invalid_id`, `invalid_idempotency_key`, `malformed_body`");
        assert_eq!(told("422"), "`invalid_sku`, `invalid_request`, `idempotency_key_reused`");
        assert_eq!(told("404"), "");
    }
}
