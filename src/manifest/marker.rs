//! The JSON of markers, claims, refs and tombstones (`docs/contract.md`). Readers ignore unknown fields and refuse an
//! unknown schema. Schema 1 is for ever: old images publish with it.

use super::digest::{FileJson, Files, canonical};
use super::{Manifest, Sha256};
use crate::version::Version;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

const SCHEMA: u32 = 1;
/// Names this program in what it writes.
pub(crate) const TOOL: &str = concat!("static-assets ", env!("CARGO_PKG_VERSION"));

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum VersionKind {
    Digest,
    Explicit,
}

/// A marker to write. It holds no time, host or random value: equal releases have equal markers.
#[derive(Serialize)]
struct WrittenMarker<'a> {
    content: Sha256,
    digest: Sha256,
    files: Files<'a, FileJson<'a>>,
    kind: VersionKind,
    schema: u32,
    totals: serde_json::Value,
    version: &'a str,
}

/// A marker as it is read, with the fields that this program uses. A version is published once its marker exists.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Marker {
    pub(crate) content: Sha256,
    pub(crate) digest: Sha256,
    pub(crate) files: Vec<MarkedFile>,
    pub(crate) kind: VersionKind,
    pub(crate) version: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct MarkedFile {
    #[serde(deserialize_with = "plain_path")]
    pub(crate) path: String,
    pub(crate) sha256: Sha256,
    pub(crate) size: u64,
    pub(crate) template: Option<Sha256>,
    #[serde(rename = "type", deserialize_with = "header_value")]
    pub(crate) content_type: String,
    /// Its `Cache-Control`.
    #[serde(default, deserialize_with = "optional_header_value")]
    pub(crate) cache: Option<String>,
    /// Its `Content-Encoding`.
    #[serde(default, deserialize_with = "optional_header_value")]
    pub(crate) encoding: Option<String>,
}

/// Reads what requests send in a header.
fn header_value<'a, D: Deserializer<'a>>(json: D) -> Result<String, D::Error> {
    let value = String::deserialize(json)?;
    if value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        Ok(value)
    } else {
        Err(D::Error::custom("a header that can't be sent"))
    }
}

fn optional_header_value<'a, D: Deserializer<'a>>(json: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    struct Value(#[serde(deserialize_with = "header_value")] String);
    Ok(Option::<Value>::deserialize(json)?.map(|value| value.0))
}

/// Reads a path that the log may show and that stays in its directory: no build publishes another one.
fn plain_path<'a, D: Deserializer<'a>>(json: D) -> Result<String, D::Error> {
    let path = String::deserialize(json)?;
    if path.contains(char::is_control) {
        return Err(D::Error::custom("a path with control characters"));
    }
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(D::Error::custom("a path that may lead out of the version"));
    }
    Ok(path)
}

/// Why a stored JSON of schema 1, such as a marker, can't be read.
#[derive(Debug, derive_more::From)]
pub(crate) enum UnreadableMarker {
    #[from]
    NotJson(serde_json::Error),
    UnknownSchema(u32),
}

impl Marker {
    /// The sum of the sizes. A marker that somebody else has written may say any number.
    pub(crate) fn bytes(&self) -> u64 {
        let sizes = self.files.iter().map(|file| file.size);
        sizes.fold(0, u64::saturating_add)
    }

    pub(crate) fn json(
        version: &Version,
        kind: VersionKind,
        digest: Sha256,
        content: Sha256,
        manifest: &Manifest,
    ) -> Vec<u8> {
        canonical(&WrittenMarker {
            content,
            digest,
            files: Files(manifest, FileJson::of),
            kind,
            schema: SCHEMA,
            totals: json!({"bytes": manifest.bytes(), "files": manifest.assets().len()}),
            version: version.as_str(),
        })
    }
}

/// Announces the content that was first seen under an explicit version. Equal claims are equal bytes.
pub(crate) fn claim_json(version: &Version, content: Sha256) -> Vec<u8> {
    canonical(&json!({"content": content, "schema": SCHEMA, "version": version.as_str()}))
}

/// Keeps a version from a prune.
pub(crate) fn pin_json(version: &Version, reason: &str) -> Vec<u8> {
    canonical(&json!({"reason": reason, "schema": SCHEMA, "version": version.as_str()}))
}

/// Says that a prune runs.
pub(crate) fn lease_json() -> Vec<u8> {
    canonical(&json!({"schema": SCHEMA, "tool": TOOL}))
}

/// The record of a prune. A content that is known stays in it for ever.
pub(crate) fn tombstone_json(
    version: &Version,
    state: TombstoneState,
    content: Option<Sha256>,
) -> Vec<u8> {
    canonical(&json!({
        "content": content,
        "schema": SCHEMA,
        "state": state,
        "version": version.as_str(),
    }))
}

/// A pin as it is read.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct StoredPin {
    pub(crate) reason: String,
}

/// Records that one run uses a version. A prune deletes no version that has a fresh ref.
#[derive(Debug, Serialize)]
pub(crate) struct Ref<'a> {
    /// RFC 3339. Only advisory: retention uses the store's own clock.
    pub(crate) at: String,
    pub(crate) content: Sha256,
    pub(crate) group: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<&'a str>,
    pub(crate) schema: u32,
    pub(crate) tool: &'a str,
    pub(crate) version: &'a str,
}

/// A ref as it is read.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct StoredRef {
    pub(crate) content: Sha256,
    pub(crate) label: Option<String>,
}

impl Ref<'_> {
    pub(crate) const SCHEMA: u32 = SCHEMA;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TombstoneState {
    Deleting,
    Deleted,
    Spared,
}

/// The record of a prune, which is never deleted.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Tombstone {
    pub(crate) state: TombstoneState,
    pub(crate) content: Option<Sha256>,
}

/// Parses JSON of schema 1.
pub(crate) fn of_json<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, UnreadableMarker> {
    #[derive(Deserialize)]
    struct Schema {
        schema: u32,
    }
    match serde_json::from_slice(json)? {
        Schema { schema: SCHEMA } => Ok(serde_json::from_slice(json)?),
        Schema { schema } => Err(UnreadableMarker::UnknownSchema(schema)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Asset, AssetSource, content_of};
    use super::*;
    use std::path::Path;

    fn manifest() -> Manifest {
        Manifest::of(vec![Asset {
            path: "a.css".into(),
            source: AssetSource::At(Path::new("a.css").into()),
            size: 3,
            sha256: Sha256::of(b"abc"),
            content_type: "text/css; charset=utf-8",
            template: None,
            plain: None,
        }])
    }

    fn marker() -> Vec<u8> {
        let manifest = manifest();
        let (digest, content) = (manifest.digest(None), content_of(&manifest));
        Marker::json(
            &"v1".parse().unwrap(),
            VersionKind::Explicit,
            digest,
            content,
            &manifest,
        )
    }

    /// The schema that old images read and write: a change here needs a new schema number.
    #[test]
    fn marker_json_is_schema_1() {
        let json = String::from_utf8(marker()).unwrap();
        let abc = Sha256::of(b"abc");
        let (digest, content) = (manifest().digest(None), content_of(&manifest()));
        assert_eq!(
            json,
            format!(
                concat!(
                    r#"{{"content":"{content}","digest":"{digest}","files":[{{"#,
                    r#""cache":"public, max-age=31536000, immutable","path":"a.css","#,
                    r#""sha256":"{abc}","size":3,"type":"text/css; charset=utf-8"}}],"#,
                    r#""kind":"explicit","schema":1,"totals":{{"bytes":3,"files":1}},"#,
                    r#""version":"v1"}}"#,
                    "\n"
                ),
                content = content,
                digest = digest,
                abc = abc
            )
        );
    }

    #[test]
    fn a_marker_is_read_as_written() {
        let marker: Marker = of_json(&marker()).unwrap();
        assert_eq!(marker.version, "v1");
        assert_eq!(marker.content, content_of(&manifest()));
        let [file] = marker.files.as_slice() else {
            panic!("{marker:?}");
        };
        assert_eq!((file.path.as_str(), file.size), ("a.css", 3));
        assert_eq!(file.sha256, Sha256::of(b"abc"));
    }

    #[test]
    fn a_marker_with_control_characters_is_unreadable() {
        let marker = String::from_utf8(marker()).unwrap();
        let forged = marker.replace("a.css", "a\\u001b[2J.css");
        assert!(of_json::<Marker>(forged.as_bytes()).is_err());
    }

    #[test]
    fn a_marker_with_a_path_that_leads_out_is_unreadable() {
        let marker = String::from_utf8(marker()).unwrap();
        for path in [
            "../a.css",
            "/etc/passwd",
            "a//b.css",
            "a/./b.css",
            "a/../../b",
        ] {
            let forged = marker.replace("a.css", path);
            assert!(of_json::<Marker>(forged.as_bytes()).is_err(), "{path}");
        }
    }

    #[test]
    fn unknown_fields_pass_and_unknown_schemas_fail() {
        let state = of_json::<Tombstone>(
            br#"{"schema":1,"version":"v1","state":"spared","content":null,"later":1}"#,
        );
        assert_eq!(state.unwrap().state, TombstoneState::Spared);
        assert!(matches!(
            of_json::<Tombstone>(br#"{"schema":2,"other":"shape"}"#),
            Err(UnreadableMarker::UnknownSchema(2))
        ));
        assert!(matches!(
            of_json::<Marker>(b"{\"schema\":1,"),
            Err(UnreadableMarker::NotJson(_))
        ));
    }
}
