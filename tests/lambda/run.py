"""Functions under the real cargo-lambda, against a shop's embedded parts: one of each kind, or all of them.

python tests/lambda/run.py path/to/souk [all]
"""

import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
from lambda_watch import running  # noqa: E402

# A query, a command, a consumer, a scheduled one, one of the WebSocket API, one that people call: what each answers.
INVOKED = {
    "get-token-keys": lambda answer: answer["statusCode"] == 200 and "keys" in json.loads(answer["body"]),
    "open-cart": lambda answer: answer["statusCode"] == 201 and json.loads(answer["body"])["data"]["id"],
    "invalidate-product-cache": lambda answer: answer == {"batchItemFailures": []},
    "measure-consumers": lambda answer: answer["consumers"] > 0,
    "connect": lambda answer: answer["statusCode"] == 200,
    "subscribe": lambda answer: answer["statusCode"] == 200,
    "notify-inventory": lambda answer: answer == {"batchItemFailures": []},
    "disconnect": lambda answer: answer["statusCode"] == 200,
    "migrate-database": lambda answer: "applied" in answer,
}
NAMESPACE = "souk-test"
ROUTED = ["list-products", "log-in", "get-profile", "create-category", "get-stock", "place-order", "pay-order"]
# What the dashboard shows, by metric and dimensions.
METRICS = [
    ("Latency", "GET /api/v1/products"),
    ("Latency", "POST /api/v1/sessions"),
    ("ColdStarts", "open-cart"),
    ("CacheMisses",),
    ("CacheHits",),
    ("OrdersPlaced",),
    ("Payments", "PaymentCaptured"),
    ("ConsumerLag",),
    ("ConsumerLag", "send-mail"),
    ("ConsumerDeadLetters",),
]


def is_answer(answer):
    """What any function may say to its sample event, where nobody is logged in and nothing need exist."""
    return answer is None or (answer.get("statusCode", 200) < 500 and answer.get("batchItemFailures", []) == [])


class Witness:
    """Stands before DynamoDB and notes what is asked of it."""

    def __init__(self):
        self.asked, self.address = set(), None
        witness = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                witness.asked.add("dynamodb:" + self.headers["X-Amz-Target"].split(".")[1])
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = urllib.request.Request(witness.address, body, dict(self.headers), method="POST")
                try:
                    answer = urllib.request.urlopen(request)
                except urllib.error.HTTPError as error:
                    answer = error
                with answer:
                    text = answer.read()
                    self.send_response(answer.status)
                    self.send_header("Content-Type", answer.headers["Content-Type"])
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def before(self, banner):
        """The variables of functions that it watches, which also write metrics."""
        self.address = banner["dynamoDb"]
        return {"SOUK_DYNAMODB_ENDPOINT": f"http://127.0.0.1:{self.server.server_port}", "SOUK_METRICS": NAMESPACE}


def allowed():
    """What the template lets each function do, by the function's name."""
    functions = {}
    for resource in yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))["Resources"].values():
        properties = resource.get("Properties", {})
        statements = [one for policy in properties.get("Policies", []) for one in policy.get("Statement", [])]
        actions = [[one["Action"]] if isinstance(one["Action"], str) else one["Action"] for one in statements]
        if "CodeUri" in properties:
            functions[Path(properties["CodeUri"]).name] = {action for some in actions for action in some}
    return functions


def measured(log):
    """The values that functions wrote into their log as CloudWatch reads them, by metric and dimensions."""
    values = {}
    # The last line may still be on its way.
    whole, _, _ = log.read_text(encoding="utf-8", errors="replace").rpartition("\n")
    for line in whole.splitlines():
        at = line.find('{"_aws"')
        if at < 0:
            continue
        written = json.loads(line[at:])
        for directive in written["_aws"]["CloudWatchMetrics"]:
            if directive["Namespace"] != NAMESPACE:
                sys.exit(f"a metric of another namespace: {line}")
            for dimensions in directive["Dimensions"]:
                kind = tuple(written[dimension] for dimension in dimensions)
                for metric in directive["Metrics"]:
                    values.setdefault((metric["Name"], *kind), []).append(written[metric["Name"]])
    return values


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port):
    """Until cargo-lambda listens."""
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("cargo lambda watch does not listen")


def invoke(name, port):
    """What `cargo lambda invoke` prints."""
    command = ["cargo", "lambda", "invoke", name, "--data-file", f"events/{name}.json", "--invoke-address", "127.0.0.1"]
    done = subprocess.run([*command, "--invoke-port", str(port)], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{name}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def call(base, method, path, token=None, body=None):
    """The data of an HTTP answer."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(base + path, body and json.dumps(body).encode(), headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["data"]


def check(souk, invoked, folder):
    """All of it; ends the program at the first thing that is wrong."""
    bins = [word for name in {*invoked, *ROUTED} for word in ("--bin", name)]
    # One build for all, so that each invocation only starts what is there.
    subprocess.run(["cargo", "build", "--quiet", "--workspace", *bins], cwd=ROOT, check=True)
    port, log = free_port(), ROOT / "target/test-lambda.log"
    ports = ["--http-port", "0", "--ws-port", "0", "--sandbox-port", "0"]
    witness, rights = Witness(), allowed()
    shop = running(souk, [*ports, "--data", folder], port, log.open("w"), witness.before)
    with shop as (banner, _):
        wait_for(port)
        for name, is_right in invoked.items():
            witness.asked.clear()
            answer = invoke(name, port)
            if excess := witness.asked - rights[name]:
                sys.exit(f"{name} asked for {excess}, which template.yaml does not let it do")
            if not is_right(answer):
                sys.exit(f"{name}: {answer}; the log is {log}")
            print(f"ok  cargo lambda invoke {name}", *sorted(witness.asked), flush=True)
        base, manager = f"http://127.0.0.1:{port}", next(user for user in banner["users"] if user["role"] == "manager")
        products = call(base, "GET", "/api/v1/products?inStock=true&limit=3")
        credentials = {"email": manager["email"], "password": manager["password"]}
        token = call(base, "POST", "/api/v1/sessions", body=credentials)["accessToken"]
        profile = call(base, "GET", "/api/v1/customers/me", token)
        category = call(base, "POST", "/api/v1/categories", token, {"name": "Made on Lambda"})
        seen = [item["name"] for item in call(banner["http"], "GET", "/api/v1/categories")]
        if len(products) != 3 or profile["email"] != manager["email"] or category["name"] not in seen:
            sys.exit(f"the routes of CargoLambda.toml: {products} {profile} {category} {seen}")
        # Twice: the second answer comes out of the cache.
        stock = [call(base, "GET", f"/api/v1/products/{products[0]['id']}/stock") for _ in range(2)]
        lines = [{"productId": products[0]["id"], "quantity": 1}]
        order = call(base, "POST", "/api/v1/orders", token, {"lines": lines})
        # Its notice is late, so that the function is not overtaken by the shop beside it, which takes notices.
        card = {"paymentMethod": "pm_sandbox_webhook_late"}
        paid = call(base, "POST", f"/api/v1/orders/{order['id']}/payments", token, card)
        if stock[0] != stock[1] or paid["status"] != "paid":
            sys.exit(f"an order through functions: {stock} {order} {paid}")
        print(f"ok  the routes of {', '.join(ROUTED)}")
        # A function tells them once its answer is on its way.
        for _ in range(100):
            values = measured(log)
            missing = [metric for metric in METRICS if metric not in values]
            if not missing:
                break
            time.sleep(0.1)
    if missing:
        sys.exit(f"no metrics {missing}, only {sorted(values)}; the log is {log}")
    print(f"ok  {len(values)} metrics in the log of the functions")
    print(f"{len(invoked) + len(ROUTED)} passed, 0 failed")


if __name__ == "__main__":
    every = INVOKED | {name: is_answer for name in sorted(allowed()) if name not in INVOKED}
    with tempfile.TemporaryDirectory() as folder:
        check(sys.argv[1], every if sys.argv[2:] == ["all"] else INVOKED, folder)
