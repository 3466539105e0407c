"""Makes the files of a new function, in the places that docs/architecture.md names, and says what is left to write.

    python tools/new_function.py archive-product catalog "POST /api/v1/products/{id}/archive"
    python tools/new_function.py count-orders orders --streams order,inventory

What it makes compiles and answers 500: tests fail until the function is written.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# A consumer whose sample event is of that stream.
SAMPLES = {
    "product": "invalidate-product-cache",
    "inventory": "notify-inventory",
    "order": "notify-orders",
    "mail": "send-mail",
}
# What staff's functions answer the callers of tests/roles.csv with.
STAFF = "401,403,403,ok,ok,403,401,401,401,401"

HTTP = """//! `{method} {path}`: does not do anything yet. For staff.

use crate::{state};
use serde::{serde};
use souk_lambda::{{ApiError, {imports}, Staff, router}};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// {shape}
#[derive(Debug, {derive}, ToSchema)]
#[serde(rename_all = "camelCase"{strict})]
pub struct {pascal}{suffix} {{
    /// Describe it.
    #[schema(example = "an example")]
    pub text: String,
}}

/// Describe the operation
///
/// In a sentence or two; the codes that it may answer with are named in `responses`.
#[utoipa::path(
    {verb},
    path = "{path}",
    tag = "{context}",
    security(("token" = [])),{params}{body}
    responses(
        (status = 200, description = "Describe it", body = {answer}),
        {failures}
    ),
)]
async fn {snake}(
    Staff(_caller): Staff,{argument}
) -> Result<Reply<{data}>, ApiError> {{
    Err(ApiError::internal("{name} is not written yet"))
}}

/// The function.
pub fn router() -> OpenApiRouter<{state}> {{
    router!({snake})
}}
"""

HTTP_BIN = """//! The Lambda function `{name}`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_{context}::{{{state}, {snake}}};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {{
    let environment = Environment::from_process();
    environment.serve_http({snake}::router().with_state({state}::from(environment.ports()?))).await
}}
"""

CONSUMER = """//! Consumer of {streams} events: does not do anything yet.

use souk_domain::{{Error, Event}};
use souk_lambda::{{Batch, BatchResponse, consume}};

/// Handles one batch. Deliveries are repeated and may overtake each other: the version of an event says which is newer.
///
/// # Errors
/// When what it touches is away; the batch is delivered again.
pub async fn handle(batch: Batch) -> Result<BatchResponse, Error> {{
    consume(batch, async |events: &[Event]| match events {{
        [] => Ok(()),
        _ => Err(Error::Internal("{name} is not written yet".to_owned())),
    }})
    .await
}}
"""

CONSUMER_BIN = """//! The Lambda function `{name}`.

use souk_{context}::{snake};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {{
    // Ask it for what the function touches.
    let environment = Environment::from_process();
    environment.serve_consumer("{name}", {snake}::handle).await
}}
"""


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def write(path, text):
    (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
    (ROOT / path).write_text(text, encoding="utf-8")
    print(f"  {path}")


def insert_sorted(path, line, pattern):
    """Puts a line into the first run of lines that match, in their order."""
    lines = read(path).split("\n")
    first = next(place for place, found in enumerate(lines) if re.match(pattern, found))
    place = first
    while place < len(lines) and re.match(pattern, lines[place]) and lines[place] < line:
        place += 1
    write(path, "\n".join([*lines[:place], line, *lines[place:]]))


def catalogue(name, context, pascal, metadata, events):
    """The entry of template.yaml, behind the context's last function."""
    entry = (
        f"  {pascal}:\n    Type: AWS::Serverless::Function\n    Metadata:\n      Souk:\n"
        f"        Context: {context}\n{metadata}"
        f"    Properties:\n      FunctionName: !Sub ${{AWS::StackName}}-{name}\n      CodeUri: target/lambda/{name}\n"
        f"      MemorySize: 256\n      Timeout: 10\n{events}\n"
    )
    text = read("template.yaml")
    last = text.rindex(f"        Context: {context}\n")
    end = re.compile(r"^(?=  [A-Z#]|Outputs:)", re.MULTILINE).search(text, last).start()
    return text[:end] + entry + text[end:]


def http(names, route):
    """A command or a query of staff."""
    method, path = route.split(" ", 1)
    name, context, snake, pascal = names.values()
    state = re.search(
        r"http_functions\(\) -> Vec<\(&'static str, OpenApiRouter<(\w+)>\)>", read(f"functions/{context}/src/lib.rs")
    )
    if state is None:
        sys.exit(f"functions/{context}/src/lib.rs has no http_functions()")
    is_query = method == "GET"
    parameters = [f'("{part}" = String, Path, description = "Describe it")' for part in re.findall(r"\{(\w+)\}", path)]
    parameters += [] if is_query else ["CommandHeaders"]
    suffix = "Answer" if is_query else "Request"
    shared = {"method": method, "path": path, "verb": method.lower(), "state": state[1], "suffix": suffix, **names}
    code = HTTP.format(
        **shared,
        imports="Envelope, QueryFailures, Reply, StaffFailures"
        if is_query
        else "Command, CommandFailures, CommandHeaders, Done, QueryFailures, Reply, StaffFailures",
        serde="Serialize" if is_query else "Deserialize",
        derive="Serialize" if is_query else "Deserialize",
        strict="" if is_query else ", deny_unknown_fields",
        shape="What is answered." if is_query else "What is wished for.",
        params=f"\n    params({', '.join(parameters)})," if parameters else "",
        body="" if is_query else f"\n    request_body = {pascal}Request,",
        answer=f"Envelope<{pascal}Answer>" if is_query else "Done",
        failures="QueryFailures, StaffFailures," if is_query else "CommandFailures, QueryFailures, StaffFailures,",
        argument="" if is_query else f"\n    Command(_request, _cause): Command<{pascal}Request>,",
        data=f"{pascal}Answer" if is_query else "()",
    )
    write(f"functions/{context}/src/{snake}.rs", code)
    write(f"functions/{context}/src/bin/{snake}.rs", HTTP_BIN.format(**shared))
    insert_sorted(
        f"functions/{context}/src/lib.rs",
        f'        ("{name}", {snake}::router()),',
        r'        \("[a-z-]+", \w+::router\(\)\),$',
    )
    route = f'{{ApiId: !Ref HttpApi, Method: {method.lower()}, Path: "{path}"}}'
    route = f"      Events:\n        Route:\n          Type: HttpApi\n          Properties: {route}\n"
    write("template.yaml", catalogue(name, context, pascal, "", route))
    event = json.loads(read("events/get-profile.json" if is_query else "events/create-category.json"))
    event["routeKey"] = event["requestContext"]["routeKey"] = f"{method} {path}"
    some = re.sub(r"\{\w+\}", "018b070d-6400-76c2-b5e0-9d17f48a32c6", path)
    event["rawPath"] = event["requestContext"]["http"]["path"] = some
    event["requestContext"]["http"]["method"] = method
    if not is_query:
        event["body"] = json.dumps({"text": ""})
        event["headers"]["content-length"] = str(len(event["body"]))
    write(f"events/{name}.json", json.dumps(event, indent=2) + "\n")
    insert_sorted("tests/roles.csv", f"{name},{STAFF}", r"[a-z-]+,(ok|40\d)")
    insert_sorted(
        "CargoLambda.toml", f'    {{ path = "{path}", methods = ["{method}"], function = "{name}" }},', r"    \{ path"
    )
    return [
        f"functions/{context}/src/{snake}.rs: who may call, request and answer, the handler, its documentation",
        "template.yaml: memory, timeout, what it may do and which variables it needs",
        f"events/{name}.json: a real request; tests/roles.csv: who is let in",
        "tests/: what it does, over HTTP; a port's method is tested in shared/conformance",
        "make openapi",
    ]


def consumer(names, streams):
    """A consumer of event streams."""
    name, context, snake, pascal = names.values()
    code = {"streams": " and ".join(streams), **names}
    write(f"functions/{context}/src/{snake}.rs", CONSUMER.format(**code))
    write(f"functions/{context}/src/bin/{snake}.rs", CONSUMER_BIN.format(**code))
    text = catalogue(name, context, pascal, f"        Streams: [{', '.join(streams)}]\n        BatchSize: 100\n", "")
    # Whoever feeds consumers may invoke this one, too.
    lists = re.compile(r"((?: {16}- !GetAtt \w+\.Arn\n)+)")
    write("template.yaml", lists.sub(lambda found: f"{found[1]}                - !GetAtt {pascal}.Arn\n", text))
    local = read("local/src/functions.rs")
    place = local.index("other => Err(unknown(other))", local.index("async fn consume("))
    call = f'"{name}" => souk_{context}::{snake}::handle(batch).await,\n            '
    write("local/src/functions.rs", local[:place] + call + local[place:])
    write(f"events/{name}.json", read(f"events/{SAMPLES[streams[0]]}.json"))
    return [
        f"functions/{context}/src/{snake}.rs and its bin: what it does and touches; local/src/functions.rs: the same",
        "template.yaml: batch size, memory, timeout, what it may do and which variables it needs",
        f"events/{name}.json: real events of its streams",
        "shared/template: the number of consumers in its test; docs/operations.md: the replay of all consumers",
        "tests/: what it does when events come twice and in another order",
    ]


def main():
    """Makes the files and prints what is left."""
    parser = argparse.ArgumentParser(description="Makes the files of a new function.")
    parser.add_argument("name", help="in kebab case, a verb first: archive-product")
    parser.add_argument("context", help="the folder of functions/")
    parser.add_argument(
        "route", nargs="?", default="", help="for a command or query: POST /api/v1/products/{id}/archive"
    )
    parser.add_argument("--streams", default="", help="for a consumer: order,inventory")
    wish = parser.parse_args()
    if not re.fullmatch(r"[a-z]+(-[a-z]+)*", wish.name):
        sys.exit(f"{wish.name} is not in kebab case")
    if not (ROOT / "functions" / wish.context / "Cargo.toml").exists():
        sys.exit(f"there is no context {wish.context}; see functions/")
    if (ROOT / "events" / f"{wish.name}.json").exists():
        sys.exit(f"there is a function {wish.name} already")
    streams = [stream for stream in wish.streams.split(",") if stream]
    is_route = re.fullmatch(r"(GET|POST|PUT|PATCH|DELETE) /[\w/{}.-]+", wish.route)
    if bool(streams) == bool(is_route) or not set(streams) <= SAMPLES.keys():
        sys.exit(f'name a route, such as "GET /api/v1/products", or streams of {", ".join(SAMPLES)}')
    snake = wish.name.replace("-", "_")
    pascal = "".join(word.capitalize() for word in wish.name.split("-"))
    names = {"name": wish.name, "context": wish.context, "snake": snake, "pascal": pascal}
    print("made or changed")
    insert_sorted(f"functions/{wish.context}/src/lib.rs", f"pub mod {snake};", r"pub mod \w+;$")
    left = consumer(names, streams) if streams else http(names, wish.route)
    manifest = f"functions/{wish.context}/Cargo.toml"
    bin_entry = f'\n[[bin]]\nname = "{wish.name}"\npath = "src/bin/{snake}.rs"\ntest = false\n'
    write(manifest, read(manifest).rstrip("\n") + "\n" + bin_entry)
    made = [f"functions/{wish.context}/src/{folder}{snake}.rs" for folder in ("", "bin/")]
    subprocess.run(["rustfmt", "--edition", "2024", *made], cwd=ROOT, check=True)
    print("left to do", *(f"  [ ] {item}" for item in left), "  [ ] cargo fmt --all; make check test", sep="\n")


if __name__ == "__main__":
    main()
