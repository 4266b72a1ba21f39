//! Service bindings: <https://servicebinding.io/spec/core/1.1.0/#workload-projection>.

use super::ConfigProblem;
use fs_err as fs;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Larger files are no settings.
const LARGEST_ENTRY: u64 = 64 << 10;

/// The types that are read.
const KINDS: [&str; 4] = ["static-assets", "s3", "azure-blob", "gcs"];

/// One folder of entries. Deliberately without `Debug`: it holds secrets.
pub(crate) struct Binding {
    pub(super) name: String,
    pub(super) kind: String,
    entries: BTreeMap<String, String>,
}

impl Binding {
    /// An entry by any of its usual spellings: `access-key-id`, `accessKeyId`, `access_key_id`.
    pub(super) fn get(&self, keys: &[&str]) -> Option<&str> {
        keys.iter()
            .find_map(|key| self.entries.get(&folded(key)))
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

fn folded(key: &str) -> String {
    key.chars()
        .filter(|letter| !matches!(letter, '-' | '_' | '.'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// The bindings, and the names of folders without a `type`: those are ignored, as the specification
/// asks, but a forgotten one is a common mistake.
pub(super) fn read(root: &Path) -> Result<(Vec<Binding>, Vec<String>), ConfigProblem> {
    let unreadable = |error| ConfigProblem::Unreadable {
        what: "a service binding".to_owned(),
        error,
    };
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok((Vec::new(), Vec::new()));
        }
        Err(error) => return Err(unreadable(error)),
    };
    let (mut bindings, mut untyped) = (Vec::new(), Vec::new());
    for entry in entries {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || !entry.path().is_dir() {
            continue;
        }
        // Other types are none of our business, nor whether they can be read.
        let kind = entry.path().join("type");
        if !kind.is_file() {
            untyped.push(name);
            continue;
        }
        match fs::read_to_string(kind) {
            Ok(kind) if KINDS.contains(&kind.trim().to_lowercase().as_str()) => {
                bindings.push(Binding {
                    name,
                    kind: kind.trim().to_lowercase(),
                    entries: read_entries(&entry.path()).map_err(unreadable)?,
                });
            }
            Ok(_) => {}
            Err(_) => untyped.push(name),
        }
    }
    untyped.sort();
    bindings.sort_by(|one, other| one.name.cmp(&other.name));
    Ok((bindings, untyped))
}

fn read_entries(folder: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut entries = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Kubernetes mounts every entry as a link through a dot folder.
        let metadata = fs::metadata(entry.path())?;
        if name.starts_with('.') || !metadata.is_file() || metadata.len() > LARGEST_ENTRY {
            continue;
        }
        // Other bindings may hold binary entries; ours are text.
        if let Ok(text) = String::from_utf8(fs::read(entry.path())?) {
            let text = text.trim_end_matches(['\n', '\r']).to_owned();
            entries.insert(folded(&name), text);
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

        let (bindings, untyped) = read(root.path()).ok().unwrap();
        assert_eq!(untyped, ["without-type"]);
        assert_eq!(bindings.len(), 1);
        assert_eq!(bindings[0].kind, "s3");
        assert_eq!(bindings[0].get(&["accessKeyId"]), Some("AKIA"));
        assert_eq!(bindings[0].get(&["missing"]), None);
    }

    #[test]
    fn no_folder_is_no_binding() {
        let (bindings, untyped) = read(Path::new("/nowhere")).ok().unwrap();
        assert!(bindings.is_empty() && untyped.is_empty());
    }
}
