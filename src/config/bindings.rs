//! Service bindings: <https://servicebinding.io/spec/core/1.1.0/#workload-projection>.

use super::{ConfigProblem, ConfigResult, Origin, Setting};
use fs_err as fs;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// In bytes. A larger file is not a setting.
const LARGEST_ENTRY: u64 = 64 << 10;

/// The type of a binding that names a store, and may hold its credentials.
pub(super) const STORE_KIND: &str = "static-assets";
/// The types that are read.
const KINDS: [&str; 4] = [STORE_KIND, "s3", "azure-blob", "gcs"];

/// One directory of entries. Holds secrets, so it has no `Debug`.
pub(crate) struct Binding {
    pub(super) name: String,
    pub(super) kind: String,
    entries: BTreeMap<String, String>,
}

/// The bindings of the types that are read.
#[derive(Default)]
pub(super) struct Bindings {
    pub(super) bindings: Vec<Binding>,
    /// The names of directories without a `type`. The specification asks to ignore them, but people often forget
    /// the file.
    pub(super) untyped: Vec<String>,
}

/// A binding that was found and gave no credentials, by its name, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UnusedBinding {
    /// It has no file `type`.
    Untyped(String),
    /// It has no entry of this name, which says for which bucket its keys are.
    NoBucket(String, &'static str),
    /// It is for this other bucket.
    OtherBucket(String, String),
    /// It names a store and has no keys.
    NoKeys(String),
    /// Heroku's add-on Bucketeer, whose key is for this bucket.
    Addon(Option<String>),
}

impl UnusedBinding {
    pub(super) fn holds_keys(&self) -> bool {
        matches!(
            self,
            Self::NoBucket(..) | Self::OtherBucket(..) | Self::Addon(_)
        )
    }
}

/// The bindings that can hold the credentials of one provider.
pub(super) struct CredentialBinding {
    pub(super) kind: &'static str,
    /// The entries that name the bucket.
    pub(super) bucket: &'static [&'static str],
    /// The entries that only a binding with credentials has, each with its spellings.
    pub(super) credentials: &'static [&'static [&'static str]],
}

impl Binding {
    /// Finds an entry in any of its usual spellings: `access-key-id`, `accessKeyId`, `access_key_id`.
    pub(super) fn get(&self, keys: &[&str]) -> Option<&str> {
        keys.iter()
            .find_map(|key| self.entries.get(&folded(key)))
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    pub(super) fn entry(&self, keys: &[&str]) -> Option<Setting<String>> {
        Some(Setting::new(self.get(keys)?, self.origin()))
    }

    pub(super) fn origin(&self) -> Origin {
        Origin::Binding(self.name.clone())
    }

    pub(super) fn required(&self, keys: &'static [&'static str]) -> ConfigResult<Setting<String>> {
        let missing = || ConfigProblem::BindingEntryMissing(self.name.clone(), keys[0]);
        self.entry(keys).ok_or_else(missing)
    }
}

impl CredentialBinding {
    /// Says of each binding that could hold the credentials for `bucket` why it gave none.
    pub(super) fn unused(&self, bucket: &str, bindings: &[Binding]) -> Vec<UnusedBinding> {
        let why = |binding: &Binding| {
            let name = binding.name.clone();
            match binding.get(self.bucket) {
                _ if binding.kind == STORE_KIND => Some(UnusedBinding::NoKeys(name)),
                _ if binding.kind != self.kind => None,
                None => Some(UnusedBinding::NoBucket(name, self.bucket[0])),
                Some(other) if other != bucket => {
                    Some(UnusedBinding::OtherBucket(name, other.to_owned()))
                }
                Some(_) => Some(UnusedBinding::NoKeys(name)),
            }
        };
        bindings.iter().filter_map(why).collect()
    }

    /// Finds the binding with the credentials for `bucket`. The binding that names the store, `own`, may hold them, too.
    pub(super) fn find<'a>(
        &self,
        bucket: &str,
        own: Option<&'a Binding>,
        bindings: &'a [Binding],
    ) -> ConfigResult<Option<&'a Binding>> {
        let names_bucket = |binding: &&Binding| {
            binding.kind == self.kind && binding.get(self.bucket) == Some(bucket)
        };
        let holds_keys = |binding: &&Binding| {
            self.credentials
                .iter()
                .any(|keys| binding.get(keys).is_some())
        };
        let fitting = bindings.iter().filter(names_bucket);
        at_most_one(fitting.chain(own.filter(holds_keys)))
    }
}

pub(super) fn at_most_one<'a>(
    fitting: impl Iterator<Item = &'a Binding>,
) -> ConfigResult<Option<&'a Binding>> {
    let fitting: Vec<&Binding> = fitting.collect();
    if fitting.len() > 1 {
        let names = fitting.iter().map(|binding| binding.name.clone());
        return Err(ConfigProblem::TwoBindings(names.collect()));
    }
    Ok(fitting.first().copied())
}

fn folded(key: &str) -> String {
    key.replace(['-', '_', '.'], "").to_lowercase()
}

pub(super) fn read(root: &Path) -> io::Result<Bindings> {
    let mut read = Bindings::default();
    if !root.try_exists()? {
        return Ok(read);
    }
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let (name, dir) = (entry.file_name(), entry.path());
        let name = name.to_string_lossy().into_owned();
        if name.starts_with('.') || !dir.is_dir() {
            continue;
        }
        // A pipe would never end, so only a file is read. The entries of other types need not be readable.
        let file = Some(dir.join("type")).filter(|file| file.is_file());
        let kind = file.and_then(|file| fs::read_to_string(file).ok());
        match kind.map(|kind| kind.trim().to_lowercase()) {
            Some(kind) if KINDS.contains(&kind.as_str()) => read.bindings.push(Binding {
                name,
                kind,
                entries: read_entries(&dir)?,
            }),
            Some(_) => {}
            None => read.untyped.push(name),
        }
    }
    read.untyped.sort();
    read.bindings
        .sort_by(|one, other| one.name.cmp(&other.name));
    Ok(read)
}

fn read_entries(dir: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut entries = BTreeMap::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Kubernetes mounts every entry as a link through a dot directory.
        let metadata = fs::metadata(entry.path())?;
        if name.starts_with('.') || !metadata.is_file() || metadata.len() > LARGEST_ENTRY {
            continue;
        }
        // Other bindings may hold binary entries. Ours are text.
        if let Ok(text) = String::from_utf8(fs::read(entry.path())?) {
            let text = text.trim_end_matches(['\n', '\r']).to_owned();
            let earlier = entries.insert(folded(&name), text.clone());
            if earlier.is_some_and(|earlier| earlier != text) {
                let twice = format!(
                    "{} also has another spelling, with another value",
                    entry.path().display()
                );
                return Err(io::Error::other(twice));
            }
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn entries_are_read_through_kubernetes_links() {
        let root = tempfile::tempdir().unwrap();
        let data = root.path().join("s3/..data");
        fs::create_dir_all(&data).unwrap();
        for (name, value) in [("type", "S3\n"), ("access-key-id", "AKIA\n")] {
            fs::write(data.join(name), value).unwrap();
            symlink(format!("..data/{name}"), root.path().join("s3").join(name)).unwrap();
        }
        fs::create_dir(root.path().join("without-type")).unwrap();

        let Bindings { bindings, untyped } = read(root.path()).ok().unwrap();
        assert_eq!(untyped, ["without-type"]);
        assert_eq!(bindings.len(), 1);
        assert_eq!(bindings[0].kind, "s3");
        assert_eq!(bindings[0].get(&["accessKeyId"]), Some("AKIA"));
        assert_eq!(bindings[0].get(&["missing"]), None);
    }

    #[test]
    fn a_missing_directory_holds_no_bindings() {
        let Bindings { bindings, untyped } = read(Path::new("/nowhere")).ok().unwrap();
        assert!(bindings.is_empty() && untyped.is_empty());
    }
}
