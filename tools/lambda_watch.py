"""The functions one by one, as on Lambda: `cargo lambda watch` beside a shop that lends them its embedded parts.

    python tools/lambda_watch.py path/to/souk [options of souk]

`cargo lambda invoke NAME --data-file events/NAME.json` then runs any function, and every HTTP route answers on port
9000 by the routes of CargoLambda.toml. Ctrl-C ends both.
"""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def running(souk, options, port, log=None, instead=lambda banner: {}):
    """A shop and `cargo lambda watch` beside it, which write to `log`: the shop's banner, and the watch's process.

    The functions get some variables `instead` of those of the shop.
    """
    with tempfile.TemporaryDirectory() as folder:
        lent = Path(folder, "variables.json")
        start = [souk, *options, "--banner", "json", "--variables", lent]
        with subprocess.Popen(start, stdout=subprocess.PIPE, stderr=log) as shop:
            try:
                line = shop.stdout.readline()
                if not line:
                    sys.exit("the shop does not start")
                banner = json.loads(line)
                invoke = {"SOUK_LAMBDA_ENDPOINT": f"http://127.0.0.1:{port}"}
                variables = os.environ | json.loads(lent.read_text(encoding="utf-8")) | invoke | instead(banner)
                address = ["--invoke-address", "127.0.0.1", "--invoke-port", str(port)]
                watch = ["cargo", "lambda", "watch", *address, "--ignore-changes"]
                with subprocess.Popen(watch, cwd=ROOT, env=variables, stdout=log, stderr=log) as watching:
                    try:
                        yield banner, watching
                    finally:
                        watching.terminate()
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
