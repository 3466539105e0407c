"""Schemathesis against a running shop: does every answer keep to the OpenAPI document?

    python run.py path/to/souk [cases for each operation]

Starts the shop in a folder of its own, fills it with an order for each step of an order's life, and sends what it is
told to and much that it is not: as nobody, as a customer, as an admin, and to the operations that end sessions with a
new session for each request.
"""

import base64
import hashlib
import hmac
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
# These end the session that a run needs for the rest.
ENDING = ["log_out", "log_out_everywhere", "end_session"]


class Person:
    """Somebody who is logged in."""

    def __init__(self, http, user):
        self.http, self.user, self.token, self.sent = http, user, None, 0
        session = self.post("/api/v1/sessions", {"email": user["email"], "password": user["password"]})
        self.token, self.refresh_token = session["accessToken"], session["refreshToken"]

    def call(self, method, path, body=None, **headers):
        self.sent += 1
        headers |= {"Content-Type": "application/json", "Idempotency-Key": f"{self.user['role']}-{self.sent}"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.http + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            sys.exit(f"{method} {path}: {error.code} {error.read().decode()}")

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, body):
        return self.call("POST", path, body)

    def set_up_second_factor(self):
        """An admin may do nothing before."""
        path = "/api/v1/customers/me/second-factor"
        secret = self.post(path, {"password": self.user["password"]})["secret"]
        key = base64.b32decode(secret + "=" * (-len(secret) % 8))
        digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
        start = digest[-1] & 15
        number = (struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000
        self.post(f"{path}/confirmation", {"code": f"{number:06}"})
        self.token = self.post("/api/v1/sessions/refresh", {"refreshToken": self.refresh_token})["accessToken"]


def dead_letter(buyer, manager):
    """The id of a mail that nobody takes, once it was given up."""
    buyer.post("/api/v1/password-resets", {"email": buyer.user["email"]})
    for _ in range(600):
        if letters := manager.get("/api/v1/dead-letters?function=send-mail"):
            return letters[0]["id"]
        time.sleep(0.1)
    sys.exit("no mail became a dead letter")


def fill(buyer, manager):
    """An order for each step of its life; what there is, by the name that a path has for it."""
    product = next(item["id"] for item in buyer.get("/api/v1/products?inStock=true&limit=1"))
    address = {
        "recipient": "Ada Lovelace",
        "line1": "12 St James's Square",
        "city": "London",
        "postalCode": "SW1Y 4JH",
        "country": "GB",
    }
    lines = [{"productId": product, "quantity": 2}]
    tiers = [{"from": 0, "priceMinor": 399}]
    post = {"name": "Standard post", "countries": ["GB"], "currency": "GBP", "basis": "flat", "tiers": tiers}
    manager.call("PUT", "/api/v1/shipping-methods/standard", post)
    manager.call("PUT", "/api/v1/tax-rates/GB", {"basisPoints": 2000, "isIncluded": True})
    manager.call("PUT", "/api/v1/coupons/SPRING-10", {"discount": {"kind": "percent", "basisPoints": 1000}})
    orders, payments, returns = [], [], []
    for step in range(5):
        order = buyer.post("/api/v1/orders", {"lines": lines, "shippingAddress": address, "shippingMethod": "standard"})
        path = f"/api/v1/orders/{order['id']}"
        orders.append(order["id"])
        if step > 0:
            order = buyer.post(f"{path}/payments", {"paymentMethod": "pm_card_visa"})
            payments.append(order["payments"][0]["id"])
        if step > 1:
            manager.post(
                f"{path}/shipments", {"carrier": "Royal Mail", "trackingNumber": "JD014600003SE", "lines": lines}
            )
        if step > 2:
            manager.post(f"{path}/deliveries", {})
        if step > 3:
            order = buyer.post(f"{path}/returns", {"lines": lines, "reason": "damaged"})
            returns.append(order["returns"][0]["id"])
    products = [item["id"] for item in buyer.get("/api/v1/products?limit=5")]
    cart = buyer.post("/api/v1/carts", {})
    customer = buyer.get("/api/v1/customers/me")
    return {
        "ids": {
            "products": products,
            "function": ["send-mail"],
            "dead-letters": [dead_letter(buyer, manager)],
            "code": ["standard", "SPRING-10"],
            "region": ["GB"],
            "orders": orders,
            "paymentId": payments,
            "returnId": returns,
            "carts": [cart["id"]],
            "productId": products,
            "categories": [item["id"] for item in buyer.get("/api/v1/categories")],
            "customers": [customer["id"]],
        },
    }


def schemathesis(name, facts, folder, arguments):
    """One run; whether it found nothing."""
    print(f"\n== as {name}", flush=True)
    path = folder / "facts.json"
    path.write_text(json.dumps(facts), encoding="utf-8")
    program = Path(sys.executable).with_name("schemathesis")
    command = [program, "--config-file", HERE / "schemathesis.toml", "run", facts["http"] + "/openapi.json"]
    options = ["--no-color", "--continue-on-failure", "--warnings", "off", "--seed", "1", "--request-timeout", "20"]
    # The cache of counterexamples would make one run depend on the last.
    options += ["--generation-database", ":memory:"]
    environment = os.environ | {"SOUK_API_FACTS": str(path), "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}
    done = subprocess.run([*command, *options, *arguments], cwd=folder, env=environment, check=False)
    return done.returncode == 0


def run(souk, cases, folder):
    """The whole of it against one shop."""
    ports = ["--http-port", "0", "--ws-port", "0", "--sandbox-port", "0"]
    # Nobody takes mail on that port: what cannot be sent becomes a dead letter, for the operations on those.
    mail = ["--mail-url", "smtp://127.0.0.1:9", "--retry-pause-ms", "1"]
    options = ["--data", folder / "shop", "--banner", "json", "--rate-limit-factor", "1000000"]
    log = folder / "shop.log"
    with (
        log.open("w") as err,
        subprocess.Popen([souk, *ports, *mail, *options], stdout=subprocess.PIPE, stderr=err) as shop,
    ):
        try:
            line = shop.stdout.readline()
            if not line:
                sys.exit(f"the shop does not start: {log.read_text()}")
            banner = json.loads(line)
            http, users = banner["http"], {user["role"]: user for user in banner["users"]}
            people = {role: Person(http, user) for role, user in users.items()}
            people["admin"].set_up_second_factor()
            facts = {"http": http} | fill(people["customer"], people["manager"])
            tokens = {role: ["--header", f"Authorization: Bearer {person.token}"] for role, person in people.items()}
            spared = [word for name in ENDING for word in ("--exclude-operation-id", name)]
            ending = [word for name in ENDING for word in ("--include-operation-id", name)]
            short = ["--phases", "examples,fuzzing", "--max-examples", "5"]
            # The admin comes last: they may shut the customer out, and see nobody's cart.
            hook = {"url": "https://hooks.invalid/", "eventTypes": ["souk.OrderPlaced"]}
            facts["ids"]["webhooks"] = [people["admin"].post("/api/v1/webhooks", hook)["id"]]
            of_admin = facts | {"ids": {kind: ids for kind, ids in facts["ids"].items() if kind != "carts"}}
            found_nothing = [
                schemathesis("nobody", facts, folder, [*spared, *short]),
                schemathesis("a customer", facts, folder, [*tokens["customer"], *spared, *short]),
                schemathesis("somebody who logs out", facts | users["customer"], folder, [*ending, *short]),
                schemathesis("an admin", of_admin, folder, [*tokens["admin"], *spared, "--max-examples", cases]),
            ]
        finally:
            shop.terminate()
    return all(found_nothing)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        cases = sys.argv[2] if len(sys.argv) > 2 else "10"
        sys.exit(0 if run(Path(sys.argv[1]).resolve(), cases, Path(folder)) else 1)
