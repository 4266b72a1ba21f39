//! The names of digested files.

pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The extension with its dot, as `Path.extname/1` has it: empty if the name has none.
pub(super) fn extension(path: &str) -> &str {
    let name = file_name(path);
    match name.rfind('.') {
        None | Some(0) => "",
        Some(dot) => &name[dot..],
    }
}

/// `css/app.css` becomes `css/app-<md5>.css`.
pub(super) fn digested_name(path: &str, md5: &str) -> String {
    let (root, extension) = path.split_at(path.len() - extension(path).len());
    format!("{root}-{md5}{extension}")
}

/// Whether `-` and 32 hexadecimal digits occur anywhere in the name.
pub(in super::super) fn holds_digest(name: &str) -> bool {
    name.match_indices('-').any(|(at, _)| {
        let digits = name.as_bytes().get(at + 1..at + 33);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}
