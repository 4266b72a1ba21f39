//! Names, atoms, texts, lists and Mix aliases in Elixir source, as far as the source writes them out.

use super::elixir::ElixirSource;
use std::ops::Range;

pub(super) fn is_name_letter(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Returns what `text` begins with, as long as it is a name, in which the letters of `also` may be.
pub(super) fn leading_name<'a>(text: &'a str, also: &[char]) -> &'a str {
    let end = text.find(|letter| !is_name_letter(letter) && !also.contains(&letter));
    &text[..end.unwrap_or(text.len())]
}

/// Finds the offsets of a word, not of longer names that contain it.
pub(super) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let ends_in_name = word.ends_with(is_name_letter);
    let offsets = code.match_indices(word).map(|(at, _)| at);
    offsets.filter(move |at| {
        let is_longer = ends_in_name && code[at + word.len()..].starts_with(is_name_letter);
        !code[..*at].ends_with(is_name_letter) && !is_longer
    })
}

pub(super) fn has_word(code: &str, word: &str) -> bool {
    words(code, word).next().is_some()
}

/// Finds the offsets behind a key such as `app:`, where its values begin.
pub(super) fn values<'a>(code: &'a str, key: &'a str) -> impl Iterator<Item = usize> + 'a {
    words(code, key).map(|at| at + key.len())
}

/// Reads `:shop`, which stands at an offset. An atom in quotes or with other letters can't go into a script.
fn atom_at(code: &str, at: usize) -> Option<&str> {
    let name = leading_name(code[at..].trim_start().strip_prefix(':')?, &['?', '!']);
    let is_plain = |letter| matches!(letter, 'a'..='z' | '0'..='9' | '_');
    (!name.is_empty() && name.chars().all(is_plain)).then_some(name)
}

/// Reads `:shop`, or `@app` if the source sets that attribute above.
pub(super) fn atom_or_attribute(source: &ElixirSource, at: usize) -> Option<String> {
    let bare = &source.bare;
    let at = match bare[at..].trim_start().strip_prefix('@') {
        Some(attribute) => {
            let definition = format!("@{} ", leading_name(attribute, &[]));
            bare[..at].find(&definition)? + definition.len()
        }
        None => at,
    };
    atom_at(bare, at).map(str::to_owned)
}

/// Reads `"text"`, `~s(text)` or `~S(text)`, which stands at an offset.
pub(super) fn string_at(source: &ElixirSource, at: usize) -> Option<String> {
    let value = source.code[at..].trim_start();
    let forms = [("\"", '"'), ("~s(", ')'), ("~S(", ')')];
    forms.into_iter().find_map(|(start, end)| {
        let (text, _) = value.strip_prefix(start)?.split_once(end)?;
        Some(text.to_owned())
    })
}

/// Writes a string literal: <https://hexdocs.pm/elixir/syntax-reference.html#strings>
pub(super) fn literal(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace('#', "\\#"))
}

/// Writes an atom. Elixir warns of quotes that it does not need.
pub(super) fn atom(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.bytes().all(is_plain) {
        format!(":{name}")
    } else {
        format!(":{}", literal(name))
    }
}

/// Returns the range between the brackets of the list that stands at an offset.
pub(super) fn list_at(bare: &str, at: usize) -> Option<Range<usize>> {
    let list = bare[at..].trim_start().strip_prefix('[')?;
    let start = bare.len() - list.len();
    let mut depth = 1_usize;
    let length = list.find(|letter| {
        match letter {
            '[' | '(' | '{' => depth += 1,
            ']' | ')' | '}' => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    Some(start..start + length)
}

/// Returns the texts of a Mix alias in their order; its functions are left out. `None` if there is no such alias.
pub(super) fn alias(source: &ElixirSource, name: &str) -> Option<Vec<String>> {
    let bare = &source.bare;
    source.texts(name).find_map(|at| {
        let is_pair = bare[..at].ends_with(':');
        let after = bare[at + name.len() + 2..].trim_start();
        let value = after
            .strip_prefix(':')
            .or_else(|| after.strip_prefix("=>"))
            // `{:"assets.deploy", […]}`
            .or_else(|| after.strip_prefix(',').filter(|_| is_pair))?
            .trim_start();
        let start = bare.len() - value.len();
        if let Some(list) = list_at(bare, start) {
            return Some(source.texts_in(list));
        }
        // Anything else is another option that names the task, such as `preferred_envs`.
        let line = value.lines().next()?;
        let is_alias = line.starts_with(['"', '&']);
        is_alias.then(|| source.texts_in(start..start + line.len()))
    })
}

/// Finds `System.get_env("STATIC_URL")` and the like, of the first of the variables that has one. Returns the variable
/// and the offset of its name.
pub(super) fn find_env_read(
    source: &ElixirSource,
    variables: &[&'static str],
) -> Option<(&'static str, usize)> {
    /// The length of `System.fetch_env!(` with an indentation.
    const CALL: usize = 60;
    let is_read = |at: &usize| {
        let before = source.bare.get(at.saturating_sub(CALL)..*at);
        let before = before.unwrap_or_default().trim_end();
        let call = before.rsplit([' ', '\n', ';', '{', ',']).next();
        call.is_some_and(|call| call.contains("env") || call.contains(":system"))
            || before.ends_with(":system,")
    };
    variables.iter().find_map(|variable| {
        let at = source.texts(variable).find(is_read)?;
        Some((*variable, at))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let code = &ElixirSource::of(code);
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
        let source = ElixirSource::of("[{:\"assets.deploy\", [\"phx.digest\"]}]");
        assert_eq!(alias(&source, "assets.deploy").unwrap(), ["phx.digest"]);
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
    fn only_calls_that_ask_the_environment_count() {
        for (code, reads) in [
            ("System.get_env(\"STATIC_URL\")", true),
            ("System.fetch_env!(\"STATIC_URL\")", true),
            ("System.get_env(\n  \"STATIC_URL\"\n)", true),
            ("static_url: [path: {:system, \"STATIC_URL\"}]", true),
            ("IO.puts(\"STATIC_URL\")", false),
            ("@doc \"System.get_env(\\\"STATIC_URL\\\")\"", false),
            ("# System.get_env(\"STATIC_URL\")", false),
        ] {
            let read = find_env_read(&ElixirSource::of(code), &["STATIC_URL"]);
            assert_eq!(read.is_some(), reads, "{code}");
        }
    }
}
