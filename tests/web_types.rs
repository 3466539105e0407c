//! The types of `web/realtime` and the documents say the same. `make test-web` runs this.

use crate::harness::WEB;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// What holds the two together: what the client says is understood, it understands what it is told, and of news both know the same.
/// The client leaves open which codes an error can have.
const BOTH: &str = r#"
import type { Answer, InventoryUpdated, OrderStatusChanged, Question } from "./src/messages.js";

type Said<A> = Extract<Question, { action: A }> & { requestId?: string | number };
type Told<T> = Extract<Answer, { type: T }>;
interface Says {
  subscribe: Said<"subscribe">;
  unsubscribe: Said<"unsubscribe">;
  authenticate: Said<"authenticate">;
  ping: Said<"ping">;
}
interface Hears {
  Subscribed: Told<"Subscribed">;
  Unsubscribed: Told<"Unsubscribed">;
  Authenticated: Told<"Authenticated">;
  Pong: Told<"Pong">;
  Error: Told<"Error">;
}
interface News {
  InventoryUpdated: InventoryUpdated;
  OrderStatusChanged: OrderStatusChanged;
}
export const everything = (names: keyof Documents): keyof (Says & Hears & News) => names;
export const says = (said: Says): Pick<Documents, keyof Says> => said;
export const hears = (told: Documents): Hears => told;
export const news = (told: Documents): News => told;
export const noMore = (known: News): Pick<Documents, keyof News> => known;
"#;

struct Documents {
    messages: Value,
    http: Value,
}

impl Documents {
    fn read() -> Self {
        let messages = include_str!("../docs/asyncapi.yaml");
        let http = include_str!("../docs/openapi.json");
        Self { messages: serde_saphyr::from_str(messages).unwrap(), http: serde_json::from_str(http).unwrap() }
    }

    /// All messages as an interface of TypeScript.
    fn interface(&self) -> String {
        let messages = self.messages["components"]["messages"].as_object().unwrap();
        let lines = messages
            .iter()
            .map(|(name, message)| format!("  {name}: {};\n", self.type_of(&self.messages, &message["payload"])));
        format!("interface Documents {{\n{}}}\n", lines.collect::<String>())
    }

    fn type_of(&self, document: &Value, schema: &Value) -> String {
        if let Some(reference) = schema["$ref"].as_str() {
            let (file, path) = reference.split_once('#').unwrap();
            let document = if file.is_empty() { document } else { &self.http };
            return self.type_of(document, document.pointer(path).expect(reference));
        }
        if let Some(only) = schema.get("const") {
            return only.to_string();
        }
        let union =
            |types: &[Value], each: &dyn Fn(&Value) -> String| types.iter().map(each).collect::<Vec<_>>().join(" | ");
        if let Some(words) = schema["enum"].as_array() {
            return union(words, &Value::to_string);
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            return union(choices, &|choice| self.type_of(document, choice));
        }
        match &schema["type"] {
            Value::Array(kinds) => union(kinds, &|kind| self.type_of(document, &serde_json::json!({ "type": kind }))),
            kind => match kind.as_str().unwrap_or_else(|| panic!("{schema} has no type")) {
                "integer" => "number".to_owned(),
                "array" => format!("({})[]", self.type_of(document, &schema["items"])),
                "object" if schema["properties"].is_object() => self.object(document, schema),
                plain => plain.to_owned(),
            },
        }
    }

    fn object(&self, document: &Value, schema: &Value) -> String {
        let is_required =
            |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|n| n == name));
        let field = |(name, schema): (&String, &Value)| {
            let mark = if is_required(name) { "" } else { "?" };
            format!("{name}{mark}: {};", self.type_of(document, schema))
        };
        let fields: Vec<String> = schema["properties"].as_object().unwrap().iter().map(field).collect();
        format!("{{ {} }}", fields.join(" "))
    }
}

#[test]
#[ignore = "needs Node and npm: make test-web"]
fn the_clients_types_are_those_of_the_documents() {
    let folder = Path::new(WEB);
    std::fs::write(folder.join("documents.ts"), format!("{BOTH}\n{}", Documents::read().interface())).unwrap();
    let compiled = Command::new("node")
        .args(["node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--exactOptionalPropertyTypes"])
        .args([
            "--target",
            "ES2022",
            "--module",
            "ES2022",
            "--moduleResolution",
            "bundler",
            "--ignoreConfig",
            "documents.ts",
        ])
        .current_dir(folder)
        .output()
        .expect("Node is installed");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stdout));
}
