"""Makes target/packages/NAME.zip of every function that cargo-lambda built, and prints its size.

python tools/zip_functions.py
"""

import sys
import zipfile
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parent.parent
# The same program makes the same zip, so that a deployment changes what has changed.
LONG_AGO = (1980, 1, 1, 0, 0, 0)
EXECUTABLE = 0o100755 << 16


def functions():
    """The folder of each function, by the function's name."""
    template = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    uris = (resource.get("Properties", {}).get("CodeUri") for resource in template["Resources"].values())
    return {Path(uri).name: ROOT / uri for uri in uris if uri}


def main():
    """Zips all of them; fails when one was not built."""
    target = ROOT / "target/packages"
    target.mkdir(parents=True, exist_ok=True)
    sizes = {}
    for name, folder in functions().items():
        program = folder / "bootstrap"
        if not program.exists():
            sys.exit(f"{name} was not built: there is no {program.relative_to(ROOT)}")
        entry = zipfile.ZipInfo("bootstrap", LONG_AGO)
        entry.external_attr, entry.compress_type = EXECUTABLE, zipfile.ZIP_DEFLATED
        path = target / f"{name}.zip"
        with zipfile.ZipFile(path, "w") as zipped:
            zipped.writestr(entry, program.read_bytes(), compresslevel=9)
        sizes[name] = path.stat().st_size
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        print(f"{size / 1e6:6.2f} MB  target/packages/{name}.zip")
    print(f"{sum(sizes.values()) / 1e6:6.2f} MB  {len(sizes)} functions")


if __name__ == "__main__":
    main()
