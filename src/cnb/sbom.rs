//! The bill of materials of this program, in `CycloneDX`: <https://cyclonedx.org/docs/1.5/json/>. An image that holds the
//! program holds these crates, too.

use fs_err as fs;
use serde::Deserialize;
use serde_json::json;
use std::io;
use std::path::Path;

/// All crates that the program is built of, and those that only other platforms or tests need.
const LOCK: &str = include_str!("../../Cargo.lock");

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    /// The program itself has none.
    checksum: Option<String>,
}

/// Writes the bill beside a layer: <https://github.com/buildpacks/spec/blob/main/buildpack.md#bill-of-materials>.
pub(super) fn write(layers: &Path, layer: &str) -> io::Result<()> {
    let lock: Lock = toml::from_str(LOCK).map_err(io::Error::other)?;
    let components = lock.package.iter().filter_map(|package| {
        let Package {
            name,
            version,
            checksum,
        } = package;
        Some(json!({
            "type": "library",
            "name": name,
            "version": version,
            "purl": format!("pkg:cargo/{name}@{version}"),
            "hashes": [{"alg": "SHA-256", "content": checksum.as_ref()?}],
        }))
    });
    let bill = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {
            "type": "application",
            "name": env!("CARGO_PKG_NAME"),
            "version": env!("CARGO_PKG_VERSION"),
        }},
        "components": components.collect::<Vec<_>>(),
    });
    fs::write(
        layers.join(format!("{layer}.sbom.cdx.json")),
        bill.to_string(),
    )
}
