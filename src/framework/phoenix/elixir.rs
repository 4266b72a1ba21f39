//! Elixir source, read without Elixir: enough of it to find what a project says of itself.

use crate::fs::read_file;
use std::io;
use std::path::Path;

/// What the text is in, from the outside to the inside.
enum Open<'a> {
    Text {
        end: &'a [u8],
        escapes: bool,
    },
    /// `#{` or a brace within one.
    Braces,
}

/// Elixir code, at the same places in both texts.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// Without comments.
    pub(super) code: String,
    /// Without comments and without what is inside of texts: what looks like code here is code.
    pub(super) bare: String,
}

impl Source {
    pub(super) fn of(source: &str) -> Self {
        let bytes = source.as_bytes();
        let (mut code, mut bare) = (bytes.to_vec(), bytes.to_vec());
        let mut open: Vec<Open<'_>> = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            let is_in_text = !open.is_empty();
            let mut closes = false;
            let length = match open.last() {
                Some(Open::Text { end, escapes }) => match rest {
                    [b'\\', _, ..] => 2,
                    [b'#', b'{', ..] if *escapes => {
                        open.push(Open::Braces);
                        2
                    }
                    _ if rest.starts_with(end) => {
                        let length = end.len();
                        open.pop();
                        closes = open.is_empty();
                        length
                    }
                    _ => 1,
                },
                _ => match rest {
                    [b'#', ..] => {
                        let length = rest.iter().position(|byte| *byte == b'\n');
                        let length = length.unwrap_or(rest.len());
                        blank(&mut code[at..at + length]);
                        blank(&mut bare[at..at + length]);
                        length
                    }
                    [b'?', b'\\', _, ..] if !follows_name(bytes, at) => 3,
                    [b'?', _, ..] if !follows_name(bytes, at) => 2,
                    [b'{', ..] if is_in_text => {
                        open.push(Open::Braces);
                        1
                    }
                    [b'}', ..] => {
                        open.pop();
                        1
                    }
                    _ => match text_start(rest) {
                        Some((length, end, escapes)) => {
                            open.push(Open::Text { end, escapes });
                            length
                        }
                        None => 1,
                    },
                },
            };
            let end = (at + length).min(bytes.len());
            if is_in_text && !closes {
                blank(&mut bare[at..end]);
            }
            at = end;
        }
        // Whole characters are replaced byte by byte, but for a cut one at the end.
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self {
            code: text(code),
            bare: text(bare),
        }
    }

    pub(super) fn read(path: &Path) -> io::Result<Self> {
        Ok(Self::of(&String::from_utf8_lossy(&read_file(path)?)))
    }

    /// Where `"text"` stands as a text, or a quoted name, of the code itself.
    pub(super) fn texts<'a>(&'a self, text: &str) -> impl Iterator<Item = usize> + 'a {
        let quoted = format!("\"{text}\"");
        let places: Vec<usize> = self.code.match_indices(&quoted).map(|(at, _)| at).collect();
        let bare = self.bare.as_bytes();
        places.into_iter().filter(move |at| {
            bare.get(*at) == Some(&b'"') && bare.get(at + quoted.len() - 1) == Some(&b'"')
        })
    }
}

/// Lines stay lines.
fn blank(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|byte| **byte != b'\n') {
        *byte = b' ';
    }
}

/// `valid?` is a name, `?#` is a character.
fn follows_name(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    before.is_some_and(|byte| is_name(*byte))
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The length of what opens a text, what closes it, and whether it holds code.
fn text_start(rest: &[u8]) -> Option<(usize, &'static [u8], bool)> {
    let (sigil, escapes) = match rest {
        [b'~', first, ..] if first.is_ascii_alphabetic() => {
            let letters = rest[1..]
                .iter()
                .take_while(|byte| byte.is_ascii_alphanumeric());
            (1 + letters.count(), first.is_ascii_lowercase())
        }
        _ => (0, true),
    };
    let opening = &rest[sigil..];
    for (opens, closes) in [(&b"\"\"\""[..], &b"\"\"\""[..]), (b"'''", b"'''")] {
        if opening.starts_with(opens) {
            return Some((sigil + 3, closes, escapes));
        }
    }
    let closes: &[u8] = match opening.first()? {
        b'"' => b"\"",
        b'\'' => b"'",
        _ if sigil == 0 => return None,
        b'/' => b"/",
        b'|' => b"|",
        b'(' => b")",
        b'[' => b"]",
        b'{' => b"}",
        b'<' => b">",
        _ => return None,
    };
    Some((sigil + 1, closes, escapes))
}

/// The places of `word` where it is no part of a longer name.
pub(super) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).filter_map(move |(at, _)| {
        let before = at.checked_sub(1).map(|before| code.as_bytes()[before]);
        let after = code.as_bytes().get(at + word.len()).copied();
        let ends_in_name = word.bytes().last().is_some_and(is_name);
        let stands_alone =
            !(before.is_some_and(is_name) || ends_in_name && after.is_some_and(is_name));
        stands_alone.then_some(at)
    })
}

/// `:shop` after `app:`, right there.
pub(super) fn atom_at(code: &str, after: usize) -> Option<String> {
    let name = code[after..].trim_start().strip_prefix(':')?;
    let end = name.find(|letter: char| {
        !letter.is_alphanumeric() && letter != '_' && letter != '?' && letter != '!'
    });
    let name = &name[..end.unwrap_or(name.len())];
    let is_plain =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    (!name.is_empty() && name.chars().all(is_plain)).then(|| name.to_owned())
}

/// `:shop`, or `@app` where the source says above what that is.
pub(super) fn atom_or_attribute(source: &Source, after: usize) -> Option<String> {
    if let Some(atom) = atom_at(&source.bare, after) {
        return Some(atom);
    }
    let attribute = source.bare[after..].trim_start();
    let name = attribute.strip_prefix('@')?;
    let end = name.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let attribute = format!("@{} ", &name[..end.unwrap_or(name.len())]);
    let at = source.bare[..after].find(&attribute)?;
    atom_at(&source.bare, at + attribute.len())
}

/// `"../../config/config.exs"` after `config_path:`; the first that is a plain text.
pub(super) fn string_after(source: &Source, key: &str) -> Option<String> {
    words(&source.bare, key).find_map(|at| string_at(source, at + key.len()))
}

/// The plain text that begins there, or after `~s`.
pub(super) fn string_at(source: &Source, after: usize) -> Option<String> {
    let rest = &source.code[after..];
    let value = rest.trim_start();
    if let Some(text) = value.strip_prefix('"') {
        return Some(text[..text.find('"')?].to_owned());
    }
    let text = value
        .strip_prefix("~s(")
        .or_else(|| value.strip_prefix("~S("))?;
    Some(text[..text.find(')')?].to_owned())
}

/// The strings of an alias, in order: what is a function stays unnamed. `None` where there is no such
/// alias.
pub(super) fn alias(source: &Source, name: &str) -> Option<Vec<String>> {
    source.texts(name).find_map(|at| {
        let before = source.code[..at].chars().next_back();
        let after = source.code[at + name.len() + 2..].trim_start();
        let value = after
            .strip_prefix(':')
            .or_else(|| after.strip_prefix("=>"))
            // `{:"assets.deploy", […]}`
            .or_else(|| after.strip_prefix(',').filter(|_| before == Some(':')))?
            .trim_start();
        match value.strip_prefix('[') {
            Some(list) => Some(strings_to_bracket(list)),
            // Anything else is another option that names the task: `preferred_envs`.
            None if value.starts_with(['"', '&']) => {
                Some(strings_to_bracket(value.lines().next()?))
            }
            None => None,
        }
    })
}

fn strings_to_bracket(list: &str) -> Vec<String> {
    let mut strings = Vec::new();
    let mut depth = 0_usize;
    let mut rest = list;
    while let Some(letter) = rest.chars().next() {
        rest = &rest[letter.len_utf8()..];
        match letter {
            '[' | '(' | '{' => depth += 1,
            ']' | ')' | '}' if depth == 0 => break,
            ']' | ')' | '}' => depth -= 1,
            '"' => {
                let mut text = String::new();
                let mut letters = rest.char_indices();
                let mut end = rest.len();
                while let Some((at, letter)) = letters.next() {
                    match letter {
                        '\\' => text.extend(letters.next().map(|(_, escaped)| escaped)),
                        '"' => {
                            end = at + 1;
                            break;
                        }
                        _ => text.push(letter),
                    }
                }
                strings.push(text);
                rest = &rest[end..];
            }
            _ => {}
        }
    }
    strings
}

/// Finds the lines of places in a text.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        Self(memchr::memchr_iter(b'\n', text.as_bytes()).collect())
    }

    /// Counted from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.0.partition_point(|end| *end < at) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_go_and_all_that_only_looks_like_one_stays() {
        for (source, code) in [
            ("a # b\nc", "a    \nc"),
            ("\"# no\" # yes", "\"# no\"      "),
            ("\"#{f(\"#\")} # no\" #", "\"#{f(\"#\")} # no\"  "),
            ("\"#{%{a: 1}} # no\"", "\"#{%{a: 1}} # no\""),
            ("?# # yes", "?#      "),
            ("valid?# yes", "valid?     "),
            ("~w(a # b) # c", "~w(a # b)    "),
            ("~S(\\) # no) # c", "~S(\\) # no)    "),
            ("\"\"\"\n# no\n\"\"\"\n# yes", "\"\"\"\n# no\n\"\"\"\n     "),
            ("'# no' # é", "'# no'     "),
            ("%{a: 1} # b", "%{a: 1}    "),
        ] {
            assert_eq!(Source::of(source).code, code, "{source}");
        }
    }

    #[test]
    fn an_alias_gives_its_strings() {
        let code = r#"
          "assets.setup": ["esbuild.install --if-missing"],
          "assets.deploy": [
            "cmd --cd assets npm run \"deploy\"", &tidy/1,
            "phx.digest"
          ],
          "one.task": "phx.digest",
          preferred_envs: ["two.task": :prod],
          lint: ["assets.deploy"]
        "#;
        let code = &Source::of(code);
        assert_eq!(
            alias(code, "assets.deploy").unwrap(),
            ["cmd --cd assets npm run \"deploy\"", "phx.digest"]
        );
        assert_eq!(alias(code, "one.task").unwrap(), ["phx.digest"]);
        assert!(alias(code, "assets.build").is_none());
        assert!(alias(code, "two.task").is_none());
    }

    #[test]
    fn an_alias_may_be_a_pair() {
        let source = Source::of("[{:\"assets.deploy\", [\"phx.digest\"]}]");
        assert_eq!(alias(&source, "assets.deploy").unwrap(), ["phx.digest"]);
    }

    #[test]
    fn what_is_inside_of_a_text_is_no_code() {
        let source = Source::of(
            "@moduledoc \"\"\"\n\"STATIC_URL\" app: :no\n\"\"\"\napp: :shop, x: \"STATIC_URL\"",
        );
        assert_eq!(source.texts("STATIC_URL").count(), 1);
        assert_eq!(words(&source.bare, "app:").count(), 1);
        assert_eq!(source.code.len(), source.bare.len());
    }

    #[test]
    fn words_are_whole() {
        let code = "{:phoenix_html, 1}, {:phoenix, 2}";
        assert_eq!(words(code, ":phoenix").count(), 1);
        assert_eq!(atom_at("app: :shop,", 4).unwrap(), "shop");
        assert_eq!(atom_at("app: :café", 4), None);
        assert_eq!(atom_at("app: @app", 4), None);
    }

    #[test]
    fn lines_are_counted_from_one() {
        let lines = Lines::of("a\nb\n\nc");
        assert_eq!([0, 1, 2, 4, 5].map(|at| lines.line(at)), [1, 1, 2, 3, 4]);
    }
}
