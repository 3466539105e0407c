"""Makes target/packages/NAME.zip of every function that cargo-lambda built, and prints its size.

python tools/zip_functions.py

Fails when a zip is too large, and when a program carries a part that its bin does not ask for, or lacks one that it
does.
"""

import re
import sys
import zipfile
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parent.parent
# The same program makes the same zip, so that a deployment changes what has changed.
LONG_AGO = (1980, 1, 1, 0, 0, 0)
EXECUTABLE = 0o100755 << 16
# Each cold start loads it.
LARGEST = 4_000_000

# What a bin asks the environment for, and a text that every program has which carries the part.
PARTS = {
    "SQL Server": (r"\.(ports|store|orders)\(\)", b"SQL Server cannot be reached"),
    "Redis": (r"\.(ports|access|redis|news_log|event_stream)\(\)", b"not a Redis URL"),
    "DynamoDB": (r"\.connections\(\)", b"DynamoDB_20120810"),
    "@connections": (r"\.push\(\)", b"@connections"),
    "Lambda": (r"\.(invoker|dispatcher)\(\)", b"/2015-03-31/functions"),
    "payments": (r"\.till\(\)", b"/v1/payment_intents"),
    "mail": (r"\.mailer\(\)", b"STARTTLS"),
    "webhooks": (r"\.webhook_sender\(\)", b"Souk-Webhooks/1"),
}
# No function carries this.
EMBEDDED = {"SQLite": b"SQLite format 3"}


def functions():
    """The context and the folder of each function, by the function's name."""
    template = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    found = {}
    for resource in template["Resources"].values():
        if uri := resource.get("Properties", {}).get("CodeUri"):
            found[Path(uri).name] = (resource["Metadata"]["Souk"]["Context"], ROOT / uri)
    return found


def faults(bin_source, program):
    """What a program carries in vain, and what it lacks: then a text of PARTS is another by now, and proves nothing."""
    found = [f"carries {part}" for part, text in EMBEDDED.items() if text in program]
    for part, (wish, text) in PARTS.items():
        is_asked_for, is_there = bool(re.search(wish, bin_source)), text in program
        if is_there and not is_asked_for:
            found.append(f"carries {part}, which its bin does not ask for")
        if is_asked_for and not is_there:
            found.append(f"asks for {part}, and {text} is not in it")
    return found


def zipped(program, path):
    """Makes the zip; its size."""
    entry = zipfile.ZipInfo("bootstrap", LONG_AGO)
    entry.external_attr, entry.compress_type = EXECUTABLE, zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(entry, program, compresslevel=9)
    return path.stat().st_size


def main():
    """Zips all of them; fails when one was not built or is not as it should be."""
    target = ROOT / "target/packages"
    target.mkdir(parents=True, exist_ok=True)
    sizes, wrong = {}, []
    for name, (context, folder) in functions().items():
        file = folder / "bootstrap"
        if not file.exists():
            sys.exit(f"{name} was not built: there is no {file.relative_to(ROOT)}")
        program = file.read_bytes()
        source = (ROOT / f"functions/{context}/src/bin/{name.replace('-', '_')}.rs").read_text(encoding="utf-8")
        sizes[name] = zipped(program, target / f"{name}.zip")
        wrong += [f"{name} {fault}" for fault in faults(source, program)]
        if sizes[name] > LARGEST:
            wrong.append(f"{name} is larger than {LARGEST / 1e6:.0f} MB")
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        print(f"{size / 1e6:6.2f} MB  target/packages/{name}.zip")
    print(f"{sum(sizes.values()) / 1e6:6.2f} MB  {len(sizes)} functions")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
