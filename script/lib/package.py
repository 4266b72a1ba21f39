"""script/package                 fills dist/ with all that a release has
script/package check            reads dist/ back: checksums, archives, and each program that starts here;
                                with --no-start without starting one
script/package pin URL          writes bin/pin for dist/ as it is, whose files are published under URL

  static-assets-linux-ARCH            the program, static
  static-assets-linux-ARCH.cnb        the Cloud Native Buildpack
  static-assets-auto-linux-ARCH.cnb   static-assets/auto for builders, with the buildpack inside
  static-assets-heroku.tgz            the classic buildpack, with the programs
  static-assets-image.tar             an OCI image of all architectures with only the program
  sbom.cdx.json, SHA256SUMS

ARCH is amd64 or arm64. --dist DIR uses another directory than dist/. --from DIR takes the programs and the bill of
materials from there, and makes neither. The same programs, packed by the same
Python, give the same bytes.
"""

import hashlib
import io
import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tarfile
import zlib
from pathlib import Path

import archive
import cache
import oci
import output
import process

ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}
COMPILERS = {"amd64": "musl-gcc", "arm64": "aarch64-linux-gnu-gcc"}
CYCLONEDX = "0.5.9"
SBOM = "sbom.cdx.json"
CLASSIC = "static-assets-heroku.tgz"
IMAGE = "static-assets-image.tar"
SUMS = "SHA256SUMS"
# 1980-01-01T00:00:01Z, as the lifecycle has it.
LIFECYCLE_TIME = 315532801


def main(arguments):
    options = {"--dist": cache.ROOT / "dist", "--from": None}
    words = []
    while arguments:
        word = arguments.pop(0)
        if word in options and arguments:
            options[word] = Path(arguments.pop(0)).resolve()
        else:
            words.append(word)
    dist = options["--dist"]
    match words:
        case []:
            package(dist, options["--from"])
        case ["check"] | ["check", "--no-start"]:
            check(dist, starts=len(words) == 1)
        case ["pin", url]:
            write_pin(dist, url.rstrip("/"))
        case _:
            print(__doc__)
            return 0 if words in (["-h"], ["--help"]) else 2
    return 0


def version():
    return re.search(r'^version = "(.+)"', (cache.ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]


def program_name(architecture):
    return f"static-assets-linux-{architecture}"


def cnb_name(architecture, kind=""):
    return f"static-assets-{kind}linux-{architecture}.cnb"


def release_names():
    """What SHA256SUMS names."""
    of_each = [(program_name(it), cnb_name(it), cnb_name(it, "auto-")) for it in ARCHITECTURES]
    return {name for names in of_each for name in names} | {CLASSIC, IMAGE, SBOM}


# -- making


def package(dist, made):
    others = {it.name for it in dist.iterdir()} - release_names() - {SUMS} if dist.is_dir() else set()
    if others:
        raise RuntimeError(f"{dist} is not emptied, because it also holds {min(others)}: give --dist another directory")
    for name in [*map(program_name, ARCHITECTURES), SBOM] if made else []:
        if made == dist or not (made / name).is_file():
            raise RuntimeError(f"--from {made} must be another directory than --dist, and hold {name}")
    shutil.rmtree(dist, ignore_errors=True)
    dist.mkdir(parents=True)
    for architecture in ARCHITECTURES:
        target = dist / program_name(architecture)
        if made:
            shutil.copyfile(made / target.name, target)
        else:
            build_program(architecture, target)
        target.chmod(0o755)
    if made:
        shutil.copyfile(made / SBOM, dist / SBOM)
    else:
        write_sbom(dist)
    for architecture in ARCHITECTURES:
        main_layer = layer_of_buildpack(dist, architecture)
        write_cnb(dist / cnb_name(architecture), architecture, [main_layer])
        layers = [layer_of_composite(), main_layer]
        write_cnb(dist / cnb_name(architecture, "auto-"), architecture, layers)
    write_classic(dist)
    write_image(dist)
    sums = [f"{sha256(path)}  {path.name}\n" for path in sorted(dist.iterdir())]
    (dist / SUMS).write_text("".join(sums))
    check(dist, starts=not made)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    for path in sorted(dist.iterdir()):
        output.fact(f"{output.size(path.stat().st_size):>8}  {path.name}")
    output.fact(f"{(used.ru_utime + used.ru_stime) / 60:.1f} CPU-minutes")


def build_program(architecture, target):
    machine = ARCHITECTURES[architecture]
    triple = f"{machine}-unknown-linux-musl"
    require_toolchain(architecture, triple)
    name = triple.replace("-", "_")
    env = {**os.environ, f"CC_{name}": COMPILERS[architecture]}
    # At home the system's linker takes Rust's own start files; musl-gcc would add its own, and the program crash.
    if machine != platform.machine():
        env[f"CARGO_TARGET_{name.upper()}_LINKER"] = COMPILERS[architecture]
    # Where it was built is in no byte of it.
    home = os.environ.get("CARGO_HOME", Path.home() / ".cargo")
    remapped = {cache.ROOT: "/static-assets", home: "/cargo"}
    env["CARGO_ENCODED_RUSTFLAGS"] = "\x1f".join(f"--remap-path-prefix={a}={b}" for a, b in remapped.items())
    env[f"CFLAGS_{name}"] = f"-ffile-prefix-map={home}=/cargo"
    command = ["cargo", "build", "--locked", "--release", "--target", triple]
    subprocess.run(command, cwd=cache.ROOT, env=env, check=True)
    folder = Path(os.environ.get("CARGO_TARGET_DIR", cache.ROOT / "target"))
    shutil.copyfile(folder / triple / "release" / "static-assets", target)


def require_toolchain(architecture, triple):
    if not shutil.which(COMPILERS[architecture]):
        raise RuntimeError(
            f"{COMPILERS[architecture]} is missing. On Debian and Ubuntu:\n"
            "    apt-get install --yes musl-tools gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
        )
    if shutil.which("rustup"):
        subprocess.run(["rustup", "target", "add", triple], cwd=cache.ROOT, check=True)
    command = ["rustc", "--print", "target-libdir", "--target", triple]
    found = subprocess.run(command, cwd=cache.ROOT, capture_output=True, text=True, check=True).stdout.strip()
    if not Path(found).is_dir():
        raise RuntimeError(f"this Rust has no {triple}, and there is no rustup to add it")


def write_sbom(dist):
    """CycloneDX's own tool lists the crates of the program. Its time and random number would differ each time."""
    tool = cargo_tool("cargo-cyclonedx", CYCLONEDX)
    made = cache.ROOT / "sbom-of-package.json"
    command = [tool, "cyclonedx", "--format", "json", "--target", "x86_64-unknown-linux-musl"]
    command += ["--override-filename", made.stem]
    try:
        subprocess.run(command, cwd=cache.ROOT, check=True)
        # Where it was built is nobody's business.
        text = made.read_text().replace(f"path+file://{cache.ROOT}", "path+file:///static-assets")
    finally:
        made.unlink(missing_ok=True)
    bill = json.loads(text)
    bill.pop("serialNumber", None)
    bill["metadata"].pop("timestamp", None)
    (dist / SBOM).write_text(json.dumps(bill, indent=2, sort_keys=True) + "\n")


def cargo_tool(name, tool_version):
    folder = cache.folder() / f"{name}-{tool_version}"
    if not (folder / "bin" / name).exists():
        command = ["cargo", "install", "--locked", "--root", folder, "--version", tool_version, name]
        subprocess.run(command, check=True)
    return folder / "bin" / name


class BuildpackLayer:
    """A buildpack as one layer of a package, with what the package's labels say of it."""

    def __init__(self, descriptor, tar):
        self.descriptor, self.tar = descriptor, tar

    @property
    def info(self):
        return self.descriptor["buildpack"]


def read_toml(path):
    # Python 3.10 has none, and only this script needs it.
    import tomllib

    return tomllib.loads(path.read_text())


def buildpack_tar(info):
    """A tar and the path in it at which the lifecycle looks for a buildpack."""
    folder = f"/cnb/buildpacks/{info['id'].replace('/', '_')}/{info['version']}"
    tar = archive.Tar(mtime=LIFECYCLE_TIME)
    # `pack` takes the first entry of a layer for the buildpack's id, and the second one for its version.
    tar.directories = {"/cnb", "/cnb/buildpacks"}
    return tar, folder


def layer_of_buildpack(dist, architecture):
    path = cache.ROOT / "buildpack.toml"
    descriptor = read_toml(path)
    tar, folder = buildpack_tar(descriptor["buildpack"])
    tar.add(f"{folder}/bin/build", (dist / program_name(architecture)).read_bytes(), 0o755)
    tar.add_link(f"{folder}/bin/detect", "build")
    tar.add(f"{folder}/buildpack.toml", of_architecture(path.read_text(), architecture).encode())
    tar.add(f"{folder}/LICENSE", (cache.ROOT / "LICENSE").read_bytes())
    tar.add(f"{folder}/{SBOM}", (dist / SBOM).read_bytes())
    descriptor["targets"] = [it for it in descriptor["targets"] if it["arch"] == architecture]
    return BuildpackLayer(descriptor, tar.content())


def of_architecture(text, architecture):
    """A package holds one program, so it has one target."""
    head, *targets = text.split("[[targets]]\n")
    [own] = (it for it in targets if f'arch = "{architecture}"' in it)
    return f"{head}[[targets]]\n{own.rstrip()}\n"


def layer_of_composite():
    path = cache.ROOT / "auto" / "buildpack.toml"
    descriptor = read_toml(path)
    tar, folder = buildpack_tar(descriptor["buildpack"])
    tar.add(f"{folder}/buildpack.toml", path.read_bytes())
    return BuildpackLayer(descriptor, tar.content())


def write_cnb(path, architecture, layers):
    """A package as `pack` reads it: labels name each buildpack and its layer. The first one is the package's own."""
    described = {}
    for layer in layers:
        known = {key: layer.descriptor[key] for key in ("api", "targets", "order") if key in layer.descriptor}
        known |= {key: layer.info[key] for key in ("homepage", "name")}
        described[layer.info["id"]] = {layer.info["version"]: {**known, "layerDiffID": oci.sha256(layer.tar)}}
    labels = {
        "io.buildpacks.buildpackage.metadata": json.dumps(layers[0].info, sort_keys=True),
        "io.buildpacks.buildpack.layers": json.dumps(described, sort_keys=True),
    }
    layout = oci.Layout()
    layout.add_image(architecture, [layer.tar for layer in layers], {"Labels": labels})
    path.write_bytes(layout.content())


def write_classic(dist):
    tar = archive.Tar()
    for path in sorted((cache.ROOT / "bin").iterdir()):
        tar.add_file(f"bin/{path.name}", path)
    for architecture in ARCHITECTURES:
        tar.add_file(f"dist/{program_name(architecture)}", dist / program_name(architecture))
    tar.add(SBOM, (dist / SBOM).read_bytes())
    for name in ("LICENSE", "README.md"):
        tar.add(name, (cache.ROOT / name).read_bytes())
    (dist / CLASSIC).write_bytes(archive.compressed(tar.content()))


def write_image(dist):
    layout = oci.Layout()
    for architecture in ARCHITECTURES:
        tar = archive.Tar(mtime=LIFECYCLE_TIME)
        tar.add_file("static-assets", dist / program_name(architecture))
        tar.add(SBOM, (dist / SBOM).read_bytes())
        layout.add_image(architecture, [tar.content()], {"Entrypoint": ["/static-assets"]})
    (dist / IMAGE).write_bytes(layout.content())


# -- checking


def check(dist, starts=True):
    """Reads back what was made. What does not start, or differs from its checksum, is an error."""
    check_sums(dist)
    check_contents(dist, starts)
    output.fact(f"{len(release_names())} files are what {SUMS} names, and what they should be")


def check_sums(dist):
    text = (dist / SUMS).read_text(errors="replace")
    lines = [re.fullmatch(r"([0-9a-f]{64})  (\S+)", line) for line in text.splitlines()]
    oci.require(all(lines), f"{SUMS} has a line that is no checksum with a name")
    sums = {line[2]: line[1] for line in lines}
    for names, where in (sums.keys(), SUMS), ({it.name for it in dist.iterdir()} - {SUMS}, dist):
        odd = sorted(release_names() ^ set(names))
        oci.require(not odd, f"{where} lacks these files of a release, or has more: {', '.join(odd)}")
    for name, expected in sums.items():
        oci.require(sha256(dist / name) == expected, f"{name} is not what {SUMS} names")


def check_contents(dist, starts):
    try:
        read_back(dist, starts)
    except (AttributeError, EOFError, KeyError, TypeError, ValueError, tarfile.TarError, zlib.error) as error:
        raise RuntimeError(f"a file of {dist} can't be read back: {error!r}") from error


def read_back(dist, starts):
    for architecture in ARCHITECTURES:
        program = dist / program_name(architecture)
        if starts:
            check_start(program, architecture)
        members = {
            cnb_name(architecture): ["static-assets/static-assets"],
            cnb_name(architecture, "auto-"): ["static-assets/auto", "static-assets/static-assets"],
        }
        for name, buildpacks in members.items():
            check_cnb(dist / name, architecture, buildpacks, program.read_bytes())
    bill = (dist / SBOM).read_text()
    oci.require(json.loads(bill)["bomFormat"] == "CycloneDX", f"{SBOM} is no bill of materials")
    oci.require(str(cache.ROOT) not in bill, f"{SBOM} says where it was made")
    images = oci.read(dist / IMAGE)
    oci.require([it.architecture for it in images] == list(ARCHITECTURES), "the image lacks an architecture")
    for image in images:
        program = (dist / program_name(image.architecture)).read_bytes()
        oci.require(files_of(image.layers[0])["static-assets"] == program, "the image holds another program")
    check_classic(dist)


def check_classic(dist):
    """Compares it with the programs and with this checkout. `pin` changes bin/pin later."""
    with tarfile.open(dist / CLASSIC) as tar:
        entries = {entry.name: entry for entry in tar}
        files = {name: tar.extractfile(entry).read() for name, entry in entries.items() if entry.isfile()}
    wanted = {f"dist/{program_name(it)}": dist / program_name(it) for it in ARCHITECTURES}
    wanted |= {f"bin/{path.name}": path for path in (cache.ROOT / "bin").iterdir()}
    wanted |= {SBOM: dist / SBOM, "LICENSE": cache.ROOT / "LICENSE"}
    odd = sorted({*wanted, "README.md"} ^ set(files))
    oci.require(not odd, f"{CLASSIC} lacks these files, or has more: {', '.join(odd)}")
    for name, path in wanted.items():
        is_same = name == "bin/pin" or files[name] == path.read_bytes()
        oci.require(is_same, f"{CLASSIC} holds another {name}")
        must_run = name.startswith("dist/") or os.access(path, os.X_OK)
        oci.require(bool(entries[name].mode & 0o100) == must_run, f"{name} of {CLASSIC} has another mode")


def check_start(program, architecture):
    """The other architecture's starts where the kernel or qemu lets it."""
    machine, runner = ARCHITECTURES[architecture], []
    if machine != platform.machine():
        qemu = f"qemu-{machine}-static"
        if not shutil.which(qemu):
            output.note(f"skipped: starting {program.name} because {qemu} (qemu-user-static) was not found")
            return
        runner = [qemu]
    # A download has lost this right.
    program.chmod(0o755)
    command = [*runner, program, "--version"]
    try:
        started = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"{program.name} --version has not ended after 60 s") from error
    oci.require(started.stdout == f"static-assets {version()}\n", f"{program.name} does not run: {started.stderr}")


def check_cnb(path, architecture, buildpacks, program):
    [image] = oci.read(path)
    oci.require(image.architecture == architecture, f"{path.name} is for {image.architecture}")
    described = image.labels["io.buildpacks.buildpack.layers"]
    metadata = image.labels["io.buildpacks.buildpackage.metadata"]
    named = [metadata["id"], *sorted(described)]
    oci.require(named == [buildpacks[0], *sorted(buildpacks)], f"{path.name} names {named}")
    layers = {oci.sha256(layer): layer for layer in image.layers}
    for buildpack in buildpacks:
        [(number, known)] = described[buildpack].items()
        folder = f"cnb/buildpacks/{buildpack.replace('/', '_')}/{number}"
        files = files_of(layers[known["layerDiffID"]])
        first = first_entries(layers[known["layerDiffID"]])
        oci.require(first == [os.path.dirname(f"/{folder}"), f"/{folder}"], f"{path.name} begins with {first}")
        oci.require(f"{folder}/buildpack.toml" in files, f"{path.name} has no {buildpack}")
        oci.require(number == version(), f"{path.name} holds version {number}")
        if buildpack == "static-assets/static-assets":
            oci.require(files[f"{folder}/bin/build"] == program, f"{path.name} holds another program")
            oci.require([it["arch"] for it in known["targets"]] == [architecture], f"{path.name} names other targets")


def first_entries(layer):
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        return [entry.name for entry in tar][:2]


def files_of(layer):
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        return {entry.name.lstrip("/"): tar.extractfile(entry).read() for entry in tar if entry.isfile()}


# -- pinning


def write_pin(dist, url):
    """The lines of bin/pin that are no comments. A shell reads them."""
    if not re.fullmatch(r"(https://[A-Za-z0-9.:-]+|file://)(/[A-Za-z0-9._~-]+)*", url):
        raise RuntimeError(f"'{url}' is no https URL of a release, and no mirror's file URL")
    if not (dist / SUMS).is_file():
        raise RuntimeError(f"{dist} is empty: run script/package, and publish what it leaves there under {url}")
    check_sums(dist)
    check_contents(dist, starts=False)
    pin = cache.ROOT / "bin" / "pin"
    lines = [line for line in pin.read_text().splitlines() if line.startswith("#")]
    lines += [f"version={version()}", f"base_url={url}"]
    lines += [f"sha256_{it}={sha256(dist / program_name(it))}" for it in ARCHITECTURES]
    pin.write_text("\n".join(lines) + "\n")
    print(pin.read_text(), end="")


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    if sys.version_info < (3, 11):
        output.fail("script/package needs Python 3.11 or newer")
    process.run(main)
