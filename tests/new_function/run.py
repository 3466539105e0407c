"""`make new-function` in a copy of the tree: what it makes compiles, and every part of the catalogue knows it.

python tests/new_function/run.py
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
COMMAND = ["count-again", "inventory", "POST /api/v1/products/{id}/stock/counts"]
QUERY = ["get-count", "inventory", "GET /api/v1/products/{id}/stock/counts"]
CONSUMER = ["follow-stock", "inventory", "--streams", "inventory,order"]


def run(copy, *command):
    """Fails when the command does."""
    subprocess.run(command, cwd=copy, check=True)


def main():
    """Makes one of each kind and checks the crate that has them."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "souk"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("target", ".git", ".souk", "node_modules"))
        for wish in (COMMAND, QUERY, CONSUMER):
            run(copy, sys.executable, "tools/new_function.py", *wish)
        if subprocess.run([sys.executable, "tools/new_function.py", *QUERY], cwd=copy, check=False).returncode == 0:
            sys.exit("the same function was made twice")
        # Dependencies are built already: the copy uses the tree's target folder.
        shared = ["--target-dir", str(ROOT / "target")]
        run(copy, "cargo", "fmt", "--check", "--package", "souk-inventory")
        run(
            copy,
            "cargo",
            "clippy",
            "--quiet",
            "--package",
            "souk-inventory",
            "--all-targets",
            *shared,
            "--",
            "-D",
            "warnings",
        )
        # Reads the copy's template.yaml.
        run(
            copy,
            "cargo",
            "test",
            "--quiet",
            "--package",
            "souk-template",
            *shared,
            "--",
            "--skip",
            "every_name_is_the_logical_one",
        )
        run(copy, sys.executable, "tools/check_template.py")
    print("3 passed, 0 failed")


if __name__ == "__main__":
    main()
