"""OCI images in one file: https://github.com/opencontainers/image-spec/blob/main/image-layout.md"""

import gzip
import hashlib
import json
import tarfile

import archive

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
# The first second that zip and the lifecycle can write.
CREATED = "1980-01-01T00:00:01Z"


def sha256(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def dump(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


class Layout:
    def __init__(self):
        self.blobs = {}
        self.manifests = []

    def add_image(self, architecture, layers, config):
        """`layers` are tar files. `config` is what a container of the image gets, with its labels."""
        described = []
        for layer in layers:
            described.append(self.add_blob(LAYER, archive.compressed(layer)))
        image = {
            "architecture": architecture,
            "config": config,
            "created": CREATED,
            "history": [{"created": CREATED} for _ in layers],
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [sha256(layer) for layer in layers]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.add_blob(CONFIG, dump(image)),
            "layers": described,
        }
        descriptor = self.add_blob(MANIFEST, dump(manifest))
        self.manifests.append({**descriptor, "platform": {"architecture": architecture, "os": "linux"}})

    def add_blob(self, media_type, content):
        digest = sha256(content)
        self.blobs[digest] = content
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def content(self):
        manifests = self.manifests
        if len(manifests) > 1:
            # A layout that is copied without a name holds one image: an index, in turn, of all architectures.
            index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
            manifests = [self.add_blob(INDEX, dump(index))]
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
        tar = archive.Tar()
        tar.add("oci-layout", dump({"imageLayoutVersion": "1.0.0"}))
        tar.add("index.json", dump(index))
        for digest, content in sorted(self.blobs.items()):
            tar.add("blobs/" + digest.replace(":", "/"), content)
        return tar.content()


class Image:
    """An image of a layout that was read, with its layers unpacked."""

    def __init__(self, architecture, config, layers):
        self.architecture, self.config, self.layers = architecture, config, layers

    @property
    def labels(self):
        return {name: json.loads(text) for name, text in self.config.get("Labels", {}).items()}


def read(path):
    """The images of a layout. Raises if a digest, a size or a layer's diff id is not that of its content."""
    with tarfile.open(path) as tar:
        files = {entry.name: tar.extractfile(entry).read() for entry in tar if entry.isfile()}
    require(json.loads(files["oci-layout"])["imageLayoutVersion"] == "1.0.0", "another layout version")

    def blob(descriptor):
        content = files["blobs/" + descriptor["digest"].replace(":", "/")]
        require(sha256(content) == descriptor["digest"], f"{descriptor['digest']} has other content")
        require(len(content) == descriptor["size"], f"{descriptor['digest']} has another size")
        return content

    images = []
    manifests = json.loads(files["index.json"])["manifests"]
    require(len(manifests) == 1, "more than one image")
    if manifests[0]["mediaType"] == INDEX:
        manifests = json.loads(blob(manifests[0]))["manifests"]
    for descriptor in manifests:
        manifest = json.loads(blob(descriptor))
        image = json.loads(blob(manifest["config"]))
        layers = [gzip.decompress(blob(layer)) for layer in manifest["layers"]]
        require([sha256(layer) for layer in layers] == image["rootfs"]["diff_ids"], "a layer is not its diff id")
        require(descriptor["platform"]["architecture"] == image["architecture"], "the index names another architecture")
        images.append(Image(image["architecture"], image["config"], layers))
    return images


def require(holds, why):
    if not holds:
        raise RuntimeError(why)
