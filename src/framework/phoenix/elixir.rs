//! Elixir source without its comments and texts, so that it can be searched without Elixir.

use super::sources::read_text;
use std::io;
use std::ops::Range;
use std::path::Path;

/// Elixir source. An offset means the same place in both of its texts.
#[derive(Clone, Debug)]
pub(super) struct ElixirSource {
    /// Has no comments.
    pub(super) code: String,
    /// Has neither comments nor the content of texts: what looks like code here is code.
    pub(super) bare: String,
}

/// What can be open at a place in the source.
enum Scope {
    /// A text with this end, which interpolates or doesn't.
    Text(&'static [u8], bool),
    /// `#{` in a text, or a brace in one of these.
    Braces,
}

enum Token {
    Comment,
    Opens(Scope),
    Closes,
    Other,
}

impl ElixirSource {
    pub(super) fn of(source: &str) -> Self {
        let bytes = source.as_bytes();
        let (mut code, mut bare) = (bytes.to_vec(), bytes.to_vec());
        let mut open: Vec<Scope> = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let is_in_text = !open.is_empty();
            let (token, length) = token_at(bytes, at, open.last());
            let end = (at + length).min(bytes.len());
            match token {
                Token::Comment => {
                    blank(&mut code[at..end]);
                    blank(&mut bare[at..end]);
                }
                Token::Opens(scope) => open.push(scope),
                Token::Closes => drop(open.pop()),
                Token::Other => {}
            }
            // The last quote of a text stays.
            if is_in_text && !open.is_empty() {
                blank(&mut bare[at..end]);
            }
            at = end;
        }
        // Only a character that a token cut in two is not valid.
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let (code, bare) = (text(code), text(bare));
        Self { code, bare }
    }

    pub(super) fn read(path: &Path) -> io::Result<Self> {
        Ok(Self::of(&read_text(path)?))
    }

    /// Finds the offsets of `"text"` as a text, or a quoted name, of the code itself.
    pub(super) fn texts(&self, text: &str) -> impl Iterator<Item = usize> {
        let quoted = format!("\"{text}\"");
        let is_quote = |at: usize| self.bare.as_bytes().get(at) == Some(&b'"');
        let is_text = |at: &usize| is_quote(*at) && is_quote(at + quoted.len() - 1);
        let offsets = self.code.match_indices(&quoted).map(|(at, _)| at);
        let texts: Vec<usize> = offsets.filter(is_text).collect();
        texts.into_iter()
    }

    /// Returns the quoted texts in a range, without their backslashes.
    pub(super) fn texts_in(&self, range: Range<usize>) -> Vec<String> {
        let bare = &self.bare.as_bytes()[range.clone()];
        let quotes: Vec<usize> = memchr::memchr_iter(b'"', bare).collect();
        let code = &self.code[range];
        let texts = quotes.as_chunks().0.iter();
        let texts = texts.map(|[start, end]| code[start + 1..*end].replace('\\', ""));
        texts.collect()
    }
}

/// Returns the token at an offset, and its length. `open` is the innermost scope.
fn token_at(bytes: &[u8], at: usize, open: Option<&Scope>) -> (Token, usize) {
    // `valid?` is a name, `?#` is a character.
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let follows_name = at > 0 && is_name(bytes[at - 1]);
    let rest = &bytes[at..];
    match (open, rest) {
        (Some(Scope::Text(..)), [b'\\', _, ..]) => (Token::Other, 2),
        (Some(Scope::Text(_, true)), [b'#', b'{', ..]) => (Token::Opens(Scope::Braces), 2),
        (Some(Scope::Text(end, _)), _) if rest.starts_with(end) => (Token::Closes, end.len()),
        (Some(Scope::Text(..)), _) => (Token::Other, 1),
        (_, [b'#', ..]) => {
            let end = memchr::memchr(b'\n', rest);
            (Token::Comment, end.unwrap_or(rest.len()))
        }
        (_, [b'?', b'\\', _, ..]) if !follows_name => (Token::Other, 3),
        (_, [b'?', _, ..]) if !follows_name => (Token::Other, 2),
        (Some(Scope::Braces), [b'{', ..]) => (Token::Opens(Scope::Braces), 1),
        (_, [b'}', ..]) => (Token::Closes, 1),
        _ => text_start(rest).unwrap_or((Token::Other, 1)),
    }
}

fn text_start(rest: &[u8]) -> Option<(Token, usize)> {
    const QUOTES: [&[u8]; 4] = [b"\"\"\"", b"'''", b"\"", b"'"];
    let (sigil, interpolates) = match rest {
        [b'~', first, ..] if first.is_ascii_alphabetic() => {
            let is_letter = |byte: &&u8| byte.is_ascii_alphanumeric();
            let letters = rest[1..].iter().take_while(is_letter).count();
            (1 + letters, first.is_ascii_lowercase())
        }
        _ => (0, true),
    };
    let opening = &rest[sigil..];
    let quote = QUOTES.into_iter().find(|quote| opening.starts_with(quote));
    let end = match quote {
        None if sigil > 0 => {
            let bracket = b"/|([{<"
                .iter()
                .position(|it| opening.first() == Some(it))?;
            &b"/|)]}>"[bracket..=bracket]
        }
        quote => quote?,
    };
    let scope = Scope::Text(end, interpolates);
    Some((Token::Opens(scope), sigil + end.len()))
}

/// Replaces all but the ends of lines by spaces.
fn blank(bytes: &mut [u8]) {
    let bytes = bytes.iter_mut().filter(|byte| **byte != b'\n');
    bytes.for_each(|byte| *byte = b' ');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_comments_are_blanked() {
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
            assert_eq!(ElixirSource::of(source).code, code, "{source}");
        }
    }

    #[test]
    fn the_content_of_texts_is_not_code() {
        let source = ElixirSource::of(
            "@moduledoc \"\"\"\n\"STATIC_URL\" app: :no\n\"\"\"\napp: :shop, x: \"STATIC_URL\"",
        );
        assert_eq!(source.texts("STATIC_URL").count(), 1);
        assert_eq!(source.bare.matches("app:").count(), 1);
        assert_eq!(source.code.len(), source.bare.len());
    }
}
