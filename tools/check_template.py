"""Translates template.yaml as AWS does and follows every reference in what comes out of it.

    python tools/check_template.py [where the translated template goes]

Needs the Python package aws-sam-translator (aws-sam-cli brings it), no network and no account.
"""

import json
import os
import re
import sys
from pathlib import Path

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path(__file__).resolve().parent.parent / "template.yaml"
# What one stack may be (quotas of CloudFormation).
MOST_RESOURCES, MOST_BYTES = 500, 1_000_000


class ManagedPolicies:
    """Knows no policy by its name: what a function may do stands in the template."""

    def load(self):
        return {}


def translated():
    """The template without SAM."""
    template = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))
    for resource in template["Resources"].values():
        if "CodeUri" in resource.get("Properties", {}):
            # `sam package` uploads the folders and puts such an address in their place.
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    # The translator wants to know where; it asks nobody.
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-2")
    names = {name: parameter.get("Default", name) for name, parameter in template["Parameters"].items()}
    return transform(template, names, ManagedPolicies())


def references(value):
    """Every logical name that a value refers to, with the way it does."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        if key == "Ref":
            yield "Ref", item
        elif key == "Fn::GetAtt":
            yield "GetAtt", item.split(".")[0] if isinstance(item, str) else item[0]
        elif key == "Fn::Sub":
            text, own = (item, {}) if isinstance(item, str) else item
            names = {name.split(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text)}
            yield from (("Sub", name) for name in names - own.keys())
            yield from references(own)
        else:
            yield from references(item)


def problems(template):
    """What does not resolve, goes round in a circle or is too much."""
    resources, parameters = template["Resources"], template["Parameters"]
    conditions = template.get("Conditions", {})
    known = resources.keys() | parameters.keys()
    needs = {}
    for name, resource in resources.items():
        depends = resource.get("DependsOn", [])
        depends = [("DependsOn", item) for item in ([depends] if isinstance(depends, str) else depends)]
        found = [*references(resource.get("Properties", {})), *depends]
        needs[name] = {target for _, target in found if target in resources}
        for way, target in found:
            if target not in known and not target.startswith("AWS::"):
                yield f"{name}: {way} {target} does not exist"
            condition = resources.get(target, {}).get("Condition")
            if way == "DependsOn" and condition and condition != resource.get("Condition"):
                yield f"{name} depends on {target}, which is there only if {condition}"
        if resource.get("Condition", next(iter(conditions))) not in conditions:
            yield f"{name}: there is no condition {resource['Condition']}"
    for name, output in template["Outputs"].items():
        for way, target in references(output):
            if target not in known and not target.startswith("AWS::"):
                yield f"output {name}: {way} {target} does not exist"
    settled = set()
    while ready := {name for name, needed in needs.items() if name not in settled and needed <= settled}:
        settled |= ready
    if settled != needs.keys():
        yield f"these need each other: {sorted(needs.keys() - settled)}"
    used = {target for resource in resources.values() for _, target in references(resource)}
    used |= {target for part in ("Conditions", "Outputs") for _, target in references(template[part])}
    for name in parameters.keys() - used:
        yield f"nothing uses the parameter {name}"
    if len(resources) > MOST_RESOURCES:
        yield f"{len(resources)} resources; a stack has at most {MOST_RESOURCES}"
    if (size := len(json.dumps(template))) > MOST_BYTES:
        yield f"{size} bytes; a template has at most {MOST_BYTES}"


def main():
    """Prints the problems; fails when there are any."""
    template = translated()
    found = list(problems(template))
    for problem in found:
        print(f"template.yaml: {problem}")
    resources, size = len(template["Resources"]), len(json.dumps(template))
    print(
        f"template.yaml: {resources} resources of {MOST_RESOURCES}, {size} bytes of {MOST_BYTES}, {len(found)} problems"
    )
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps(template, indent=2), encoding="utf-8")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
