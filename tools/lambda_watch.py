"""The functions one by one, as on Lambda: `cargo lambda watch` beside a shop that lends them its embedded parts.

    python tools/lambda_watch.py path/to/souk [options of souk]

`cargo lambda invoke NAME --data-file events/NAME.json` then runs any function, and every HTTP route answers on port
9000 by the routes of CargoLambda.toml. Ctrl-C ends both.
"""

import json
import os
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def environment(banner, folder, invoke):
    """The variables of every function, as shared/environment reads them."""

    def read(name):
        return (folder / name).read_text(encoding="utf-8").strip()

    secret_key, webhook_secret = read("sandbox.keys").split("\n")
    return {
        "SOUK_STORE_URL": f"sqlite:{folder / 'souk.db'}",
        "SOUK_REDIS_URL": banner["redis"],
        "SOUK_DYNAMODB_ENDPOINT": banner["dynamoDb"],
        "SOUK_CONNECTIONS_TABLE": "souk-connections",
        "SOUK_WEBSOCKET_ENDPOINT": banner["webSocket"].replace("ws://", "http://"),
        "SOUK_LAMBDA_ENDPOINT": invoke,
        "SOUK_TOKEN_PUBLIC_KEY": read("token-public.pem"),
        "SOUK_TOKEN_PRIVATE_KEY": read("token-private.pem"),
        "SOUK_SECOND_FACTOR_KEY": read("second-factor.key"),
        "SOUK_WEBHOOK_KEY": read("webhook.key"),
        "SOUK_MAIL_URL": f"folder:{folder / 'mail'}",
        "SOUK_MAIL_FROM": "Souk <shop@souk.example>",
        "SOUK_SHOP_URL": banner["http"],
        "SOUK_PAYMENT_URL": f"sandbox://{secret_key}:{webhook_secret}@{banner['sandbox'].split('/')[2]}?timeout_ms=8000",
        # DynamoDB's stand-in takes any.
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "local",
    }


@contextmanager
def running(souk, options, port, log=None, instead=lambda banner: {}):
    """A shop and `cargo lambda watch` beside it, which write to `log`: the shop's banner, and the watch's process.

    The functions get some variables `instead` of those of the shop.
    """
    folder = Path(options[options.index("--data") + 1] if "--data" in options else ".souk").resolve()
    with subprocess.Popen([souk, *options, "--banner", "json"], stdout=subprocess.PIPE, stderr=log) as shop:
        try:
            line = shop.stdout.readline()
            if not line:
                sys.exit("the shop does not start")
            banner = json.loads(line)
            variables = os.environ | environment(banner, folder, f"http://127.0.0.1:{port}") | instead(banner)
            command = [
                "cargo",
                "lambda",
                "watch",
                "--invoke-address",
                "127.0.0.1",
                "--invoke-port",
                str(port),
                "--ignore-changes",
            ]
            with subprocess.Popen(command, cwd=ROOT, env=variables, stdout=log, stderr=log) as watch:
                try:
                    yield banner, watch
                finally:
                    watch.terminate()
        finally:
            shop.terminate()


def main():
    """Runs both until one of them ends."""
    with running(sys.argv[1], sys.argv[2:], 9000) as (banner, watch):
        print("\n  Functions      http://127.0.0.1:9000")
        for user in banner["users"]:
            print(f"  {user['role']:<14} {user['email']} {user['password']}")
        print("\n    curl 'http://127.0.0.1:9000/api/v1/products?q=tea'")
        print("    cargo lambda invoke open-cart --data-file events/open-cart.json\n", flush=True)
        with suppress(KeyboardInterrupt):
            watch.wait()


if __name__ == "__main__":
    main()
