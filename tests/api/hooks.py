"""What Schemathesis cannot guess: the ids of things that exist, and tokens of sessions that a test has not ended."""

import json
import os
import urllib.request
import zlib

import schemathesis
from schemathesis.generation import GenerationMode
from schemathesis.generation.meta import TestPhase

with open(os.environ["SOUK_API_FACTS"], encoding="utf-8") as file:
    FACTS = json.load(file)
# Whatever a schema allows as such a field, the shop takes few of it.
KNOWN = {
    "productId": FACTS["ids"]["products"],
    "categoryId": FACTS["ids"]["categories"],
    "currency": ["GBP"],
    "country": ["GB"],
}


def chosen(values, *seed):
    """One of the values, or none: by what the request is, so that a failure can be repeated."""
    place = zlib.crc32(repr(seed).encode()) % (len(values) + 1)
    return values[place] if place < len(values) else None


def with_known(value, seed):
    """The same body, but about things that there are."""
    if isinstance(value, list):
        return [with_known(item, seed) for item in value]
    if not isinstance(value, dict):
        return value
    known = {key: with_known(item, seed) for key, item in value.items()}
    for key in KNOWN.keys() & known.keys():
        known[key] = chosen(KNOWN[key], key, known[key], seed) or known[key]
    return known


@schemathesis.hook
def before_call(context, case, kwargs):
    """Many valid requests are about something that exists; those that follow an answer stay as they are."""
    meta = case.meta
    if meta is None or meta.generation.mode != GenerationMode.POSITIVE or meta.phase.name == TestPhase.STATEFUL:
        return
    seed = zlib.crc32(repr((case.path, case.path_parameters, case.query, case.body)).encode())
    for name, value in (case.path_parameters or {}).items():
        kind = case.path.split("/")[3] if name == "id" else name
        case.path_parameters[name] = chosen(FACTS["ids"].get(kind, []), name, seed) or value
    if isinstance(case.body, (dict, list)):
        case.body = with_known(case.body, seed)
    if "If-Match" in case.headers:
        case.headers["If-Match"] = chosen(["*", '"1"'], "If-Match", seed) or case.headers["If-Match"]
    if "Idempotency-Key" in case.headers:
        # The same request again is a repetition; another one with its key would be refused.
        case.headers["Idempotency-Key"] = (
            chosen([str(seed)], "Idempotency-Key", seed) or case.headers["Idempotency-Key"]
        )


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    """It is a text already."""
    return value.encode()


@schemathesis.hook
def filter_case(context, case):
    """Whatever is sent as lines is a text: there is no other to be refused."""
    return case.media_type != "application/x-ndjson" or isinstance(case.body, str)


if "email" in FACTS:

    @schemathesis.auth(refresh_interval=None)
    class FreshToken:
        """Logs in for each request: the operations of this run end sessions."""

        def get(self, case, context):
            credentials = json.dumps({"email": FACTS["email"], "password": FACTS["password"]}).encode()
            request = urllib.request.Request(
                FACTS["http"] + "/api/v1/sessions", credentials, {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)["data"]["accessToken"]

        def set(self, case, data, context):
            case.headers["Authorization"] = f"Bearer {data}"
