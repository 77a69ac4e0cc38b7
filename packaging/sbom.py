"""The bill of materials of a build, as CycloneDX 1.6 in JSON.

Reads `cargo metadata` and Cargo.lock, needs nothing but Python, and prints the same
bytes for the same lock file:

    python3 packaging/sbom.py x86_64-unknown-linux-gnu > breakglass.cdx.json

In it is what is built into the program, and what its build runs; not what only tests use.
"""

import json
import subprocess
import sys
import tomllib


def metadata(target):
    said = subprocess.run(
        ["cargo", "metadata", "--locked", "--format-version=1", "--filter-platform", target],
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    return json.loads(said)


def is_built_in(dependency):
    """Whether it is needed to build the program, and not only to test it."""
    return any(kind["kind"] != "dev" for kind in dependency["dep_kinds"])


def reached(root, nodes):
    """The packages that the program needs, each with those that it needs itself."""
    found, waiting = {}, [root]
    while waiting:
        package = waiting.pop()
        if package in found:
            continue
        needs = sorted({one["pkg"] for one in nodes[package]["deps"] if is_built_in(one)})
        found[package] = needs
        waiting.extend(needs)
    return found


def purl(package):
    return "pkg:cargo/%s@%s" % (package["name"], package["version"])


def component(package, checksums):
    told = {
        "type": "library",
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "purl": purl(package),
    }
    if package["license"]:
        # Older crates write a slash where the standard says OR.
        said = " OR ".join(part.strip() for part in package["license"].split("/"))
        told["licenses"] = [{"expression": said}]
    checksum = checksums.get((package["name"], package["version"]))
    if checksum:
        told["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package["repository"]:
        told["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return told


def main():
    target = sys.argv[1] if len(sys.argv) > 1 else "x86_64-unknown-linux-gnu"
    read = metadata(target)
    packages = {package["id"]: package for package in read["packages"]}
    nodes = {node["id"]: node for node in read["resolve"]["nodes"]}
    root = read["resolve"]["root"]
    with open("Cargo.lock", "rb") as lock:
        locked = tomllib.load(lock)["package"]
    checksums = {(one["name"], one["version"]): one.get("checksum") for one in locked}
    graph = reached(root, nodes)
    libraries = [packages[one] for one in graph if one != root]
    libraries.sort(key=lambda package: (package["name"], package["version"]))
    program = component(packages[root], checksums)
    program["type"] = "application"
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": program, "properties": [{"name": "target", "value": target}]},
        "components": [component(package, checksums) for package in libraries],
        "dependencies": sorted(
            (
                {"ref": purl(packages[one]), "dependsOn": [purl(packages[need]) for need in needs]}
                for one, needs in graph.items()
            ),
            key=lambda one: one["ref"],
        ),
    }
    json.dump(bill, sys.stdout, indent=1, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()
