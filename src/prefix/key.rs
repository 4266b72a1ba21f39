//! The names of objects in a store: files of a version, and the protocol's own objects.

use crate::version::Version;
use derive_more::Display;
use std::str::FromStr;

/// The directory of the protocol's own objects, under the store's prefix.
pub(super) const META: &str = ".static-assets";
/// The object that shows whether the protocol's objects can be put and read.
pub(crate) const PROBE: &str = "doctor.json";

/// A store's prefix: empty, or segments joined by `/`, without a `/` at either end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Display)]
pub(crate) struct Folder(String);

impl Folder {
    pub(crate) fn asset(&self, version: &Version, path: &str) -> Key {
        Key(format!("{}{version}/{path}", self.base()))
    }

    /// An object beside the versions. No version has a name that begins with `_`.
    pub(crate) fn object(&self, name: &str) -> Key {
        Key(format!("{}{name}", self.base()))
    }

    pub(crate) fn version(&self, version: &Version) -> Key {
        self.asset(version, "")
    }

    /// The directory of the protocol's own objects.
    pub(crate) fn meta_dir(&self) -> Key {
        self.meta(&MetaObject::Named(""))
    }

    pub(crate) fn meta(&self, object: &MetaObject<'_>) -> Key {
        Key(format!("{}{META}/{object}", self.base()))
    }

    /// Empty, or the prefix with a trailing `/`.
    pub(crate) fn base(&self) -> String {
        let separator = if self.0.is_empty() { "" } else { "/" };
        format!("{self}{separator}")
    }
}

impl FromStr for Folder {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim_matches('/');
        let is_forbidden = |letter: char| letter.is_control() || "\\?#%{}".contains(letter);
        let is_segment =
            |segment: &str| !matches!(segment, "" | "." | ".." | META) && segment.trim() == segment;
        let is_folder = text.is_empty() || text.split('/').all(is_segment);
        let is_folder = is_folder && !text.contains(is_forbidden);
        is_folder.then(|| Self(text.to_owned())).ok_or(())
    }
}

/// The protocol's own objects (`docs/contract.md`).
#[derive(Display)]
pub(crate) enum MetaObject<'a> {
    #[display("versions/{_0}.json")]
    Marker(&'a Version),
    #[display("tombstones/{_0}.json")]
    Tombstone(&'a Version),
    #[display("claims/{_0}/")]
    Claims(&'a Version),
    #[display("claims/{version}/{content}.json")]
    Claim {
        version: &'a Version,
        content: &'a str,
    },
    #[display("refs/{version}/{group}/{random}.json")]
    Ref {
        version: &'a Version,
        group: &'a str,
        random: &'a str,
    },
    #[display("pins/{version}/{name}.json")]
    Pin {
        version: &'a Version,
        name: &'a Version,
    },
    #[display("refs/{_0}/")]
    Refs(&'a Version),
    #[display("pins/{_0}/")]
    Pins(&'a Version),
    #[display("leases/")]
    Leases,
    #[display("leases/{_0}.json")]
    Lease(&'a str),
    #[display("{PROBE}")]
    Probe,
    #[display("staging")]
    Staging,
    /// An object that a listing of the protocol's directory names.
    #[display("{_0}")]
    Named(&'a str),
}

/// The full name of an object in a bucket, or of a file under the root of a directory store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Display)]
pub(crate) struct Key(String);

impl Key {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the object is one of the protocol's own. No store's prefix has that name.
    pub(crate) fn is_meta(&self) -> bool {
        self.0.split('/').any(|segment| segment == META)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_under_the_folder() {
        let folder: Folder = "shop".parse().unwrap();
        let v1: Version = "v1".parse().unwrap();
        assert_eq!(folder.asset(&v1, "a/b.css").as_str(), "shop/v1/a/b.css");
        assert_eq!(
            folder.meta(&MetaObject::Marker(&v1)).as_str(),
            "shop/.static-assets/versions/v1.json"
        );
        assert_eq!(Folder::default().asset(&v1, "b.css").as_str(), "v1/b.css");
    }
}
