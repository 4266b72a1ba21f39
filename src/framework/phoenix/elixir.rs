//! Elixir source, read without Elixir: enough of it to find what a project says of itself.

/// What the text is in, from the outside to the inside.
enum Open<'a> {
    Text {
        end: &'a [u8],
        escapes: bool,
    },
    /// `#{` or a brace within one.
    Braces,
}

/// The source with every comment replaced by spaces: nothing else moves.
pub(super) fn without_comments(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut code = bytes.to_vec();
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        at += match open.last() {
            Some(Open::Text { end, escapes }) => match rest {
                [b'\\', _, ..] => 2,
                [b'#', b'{', ..] if *escapes => {
                    open.push(Open::Braces);
                    2
                }
                _ if rest.starts_with(end) => {
                    let length = end.len();
                    open.pop();
                    length
                }
                _ => 1,
            },
            _ => match rest {
                [b'#', ..] => {
                    let length = rest.iter().position(|byte| *byte == b'\n');
                    let length = length.unwrap_or(rest.len());
                    code[at..at + length].fill(b' ');
                    length
                }
                [b'?', b'\\', _, ..] if !follows_name(bytes, at) => 3,
                [b'?', _, ..] if !follows_name(bytes, at) => 2,
                [b'{', ..] if !open.is_empty() => {
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
    }
    // Whole comments were replaced, byte by byte, so what is left is what it was.
    String::from_utf8(code).unwrap_or_else(|_| source.to_owned())
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

/// `:shop` after `app:`.
pub(super) fn atom_after(code: &str, key: &str) -> Option<String> {
    words(code, key).find_map(|at| {
        let name = code[at + key.len()..].trim_start().strip_prefix(':')?;
        let end = name.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let name = &name[..end.unwrap_or(name.len())];
        (!name.is_empty()).then(|| name.to_owned())
    })
}

/// `"../../config/config.exs"` after `config_path:`.
pub(super) fn string_after(code: &str, key: &str) -> Option<String> {
    words(code, key).find_map(|at| {
        let text = code[at + key.len()..].trim_start().strip_prefix('"')?;
        Some(text[..text.find('"')?].to_owned())
    })
}

/// The strings of an alias, in order: what is a function stays unnamed. `None` where there is no such
/// alias.
pub(super) fn alias(code: &str, name: &str) -> Option<Vec<String>> {
    let quoted = format!("\"{name}\"");
    code.match_indices(&quoted).find_map(|(at, _)| {
        let after = code[at + quoted.len()..].trim_start();
        let value = after
            .strip_prefix(':')
            .or_else(|| after.strip_prefix("=>"))?
            .trim_start();
        Some(match value.strip_prefix('[') {
            Some(list) => strings_to_bracket(list),
            None => strings_to_bracket(value.lines().next()?),
        })
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

/// Counted from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
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
            assert_eq!(without_comments(source), code, "{source}");
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
          lint: ["assets.deploy"]
        "#;
        assert_eq!(
            alias(code, "assets.deploy").unwrap(),
            ["cmd --cd assets npm run \"deploy\"", "phx.digest"]
        );
        assert_eq!(alias(code, "one.task").unwrap(), ["phx.digest"]);
        assert!(alias(code, "assets.build").is_none());
    }

    #[test]
    fn words_are_whole() {
        let code = "{:phoenix_html, 1}, {:phoenix, 2}";
        assert_eq!(words(code, ":phoenix").count(), 1);
        assert_eq!(
            atom_after("[app: :shop, version: 1]", "app:").unwrap(),
            "shop"
        );
    }
}
