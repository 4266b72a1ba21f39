//! The Content-Security-Policies that code, configuration and templates write out, of Elixir and of Python.

use super::content_policy::{ContentPolicy, Directive};
use super::source_text::{Locations, SourceLocation};
use regex::{Captures, Regex};
use std::path::Path;
use std::sync::LazyLock;

/// A directive, or the header that holds a policy. Browsers load what a policy only reports.
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?-u:\b)(default|script|style|img|font|connect)[-_]src([-_]elem)?(?-u:\b)|(?i-u:content-security-policy(?<only>-report-only)?)",
    )
    .expect("an expression")
});
/// What documentation shows is no policy of the app.
static DOCS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?s)@(module|type)?doc[ \t]+(~[sS])?""".*?""""#).expect("an expression")
});
/// How many bytes of a long line are looked at on each side of a name. A directive is shorter.
const LOOKED_AT: usize = 4096;
static TEXT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#""([^"]*)"|:[a-z_]+"#).expect("an expression"));

/// Finds the policies of one file. A new one begins with a header, or with a directive that the last one has already.
pub(super) fn find_policies(path: &Path, text: &str) -> Vec<ContentPolicy> {
    let mut found: Vec<Vec<FoundDirective>> = Vec::new();
    for directive in find_directives(path, text) {
        let name = &directive.directive.name;
        let has =
            |policy: &&mut Vec<FoundDirective>| policy.iter().any(|it| it.directive.name == *name);
        let last = found.last_mut().filter(|_| !directive.begins);
        match last.filter(|policy| !has(policy)) {
            Some(policy) => policy.push(directive),
            None => found.push(vec![directive]),
        }
    }
    // Only what one branch sets may be of development: the other one is then judged.
    let in_branches = found
        .iter()
        .flatten()
        .filter(|it| it.certainty == Certainty::InBranch);
    let mut names: Vec<String> = in_branches.map(|it| it.directive.name.clone()).collect();
    names.sort();
    let is_in_several = |name: &str| names.iter().filter(|it| *it == name).count() > 1;
    // One that is always set elsewhere is put before that by a single branch.
    let certain = found
        .iter()
        .flatten()
        .filter(|it| it.certainty == Certainty::Certain);
    let certain: Vec<String> = certain.map(|it| it.directive.name.clone()).collect();
    for policy in &mut found {
        policy.retain(|it| {
            let name = &it.directive.name;
            let is_added = it.certainty == Certainty::InBranch && !it.begins;
            !is_added || is_in_several(name) || !certain.contains(name)
        });
    }
    let policies = found
        .into_iter()
        .flat_map(|found| policies_of(found, is_in_several));
    let mut policies: Vec<ContentPolicy> = policies.collect();
    policies.retain(|policy| !is_of_no_page(policy));
    let names = directives_with_nonces(text);
    for policy in &mut policies {
        add_nonces(policy, &names);
    }
    policies
}

/// A directive that several branches set is judged as a policy of its own, and the rest is judged without it.
fn policies_of(
    found: Vec<FoundDirective>,
    is_in_several: impl Fn(&str) -> bool,
) -> Vec<ContentPolicy> {
    let has_certain = found.iter().any(|it| it.certainty == Certainty::Certain);
    let (mut whole, mut branches) = (Vec::new(), Vec::new());
    for FoundDirective {
        directive,
        certainty,
        ..
    } in found
    {
        match certainty {
            Certainty::InBranch if has_certain && is_in_several(&directive.name) => {
                branches.push(vec![directive]);
            }
            Certainty::InBranch if has_certain => {}
            Certainty::Certain | Certainty::InBranch => whole.push(directive),
            Certainty::Development => {}
        }
    }
    branches.insert(0, whole);
    let policies = branches.into_iter();
    policies
        .map(|directives| ContentPolicy { directives })
        .collect()
}

/// Whether the policy allows nothing at all, as answers have that are no pages.
fn is_of_no_page(policy: &ContentPolicy) -> bool {
    let [only] = policy.directives.as_slice() else {
        return policy.directives.is_empty();
    };
    only.name == "default-src" && only.sources == ["'none'"]
}

struct FoundDirective {
    directive: Directive,
    /// Whether a header is before it, with which a policy begins.
    begins: bool,
    certainty: Certainty,
}

/// Whether a directive is a part of the policy whatever the app is configured to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Certainty {
    Certain,
    InBranch,
    /// Only development has it.
    Development,
}

/// Blanks out the documentation of Elixir's modules and functions.
pub(super) fn without_docs(text: &str) -> String {
    let blank = |docs: &Captures<'_>| docs[0].replace(|letter| letter != '\n', " ");
    DOCS.replace_all(text, blank).into_owned()
}

fn find_directives(path: &Path, text: &str) -> Vec<FoundDirective> {
    let text = &*without_docs(text);
    let locations = Locations::of(path, text);
    let mut directives = Vec::new();
    let open = extended_directives(text);
    let (mut is_new, mut is_reported) = (true, false);
    for captures in NAME.captures_iter(text) {
        let found = captures.get_match();
        let line = end_of_line_before(&text[..found.start()]);
        if line.trim_start().starts_with('#') {
            continue;
        }
        if captures.get(1).is_none() {
            (is_new, is_reported) = (true, captures.name("only").is_some());
            continue;
        }
        if is_reported {
            continue;
        }
        let before = line.rsplit('"').next().unwrap_or_default();
        let is_of_no_page = before.contains("sandbox") && !before.contains("allow-scripts");
        let sources = sources(found.as_str(), &text[found.end()..]);
        let Some(mut sources) = sources.filter(|_| !is_of_no_page) else {
            continue;
        };
        let name = found.as_str().replace('_', "-");
        if open.contains(&name) {
            sources = any_source();
        }
        let directive = Directive {
            place: locations.at(found.start()).to_string(),
            name,
            sources,
        };
        directives.push(FoundDirective {
            directive,
            begins: is_new,
            certainty: certainty(&text[..found.start()]),
        });
        is_new = false;
    }
    directives
}

/// The text before a place on its line. Lines of bundled code are very long, so of them it is the end.
fn end_of_line_before(before: &str) -> &str {
    let from = before.ceil_char_boundary(before.len().saturating_sub(LOOKED_AT));
    before[from..].rsplit('\n').next().unwrap_or_default()
}

/// Whether what follows `before` is in a branch, by its indentation. Production's own branch counts as certain.
fn certainty(before: &str) -> Certainty {
    let mut indent = usize::MAX;
    let mut outer = Vec::new();
    for line in before.rsplit('\n') {
        let code = line.trim_start();
        let own = line.len() - code.len();
        if !code.is_empty() && own < indent {
            indent = own;
            outer.push(code);
        }
        if indent == 0 {
            break;
        }
    }
    let branches: Vec<&str> = outer.into_iter().filter(|code| is_branch(code)).collect();
    let is_for_development = |code: &&str| {
        let asks = [":dev", ":test"].iter().any(|env| code.contains(env));
        let is_debug = code.contains("DEBUG") && !code.contains("not ");
        // `if Mix.env() != :prod`, `unless Mix.env() == :prod`
        let is_other = code.contains(":prod") && (code.contains("!=") ^ code.starts_with("unless"));
        is_other || code.starts_with("if") && (asks || is_debug)
    };
    if branches.iter().any(is_for_development) {
        Certainty::Development
    } else if branches.is_empty() {
        Certainty::Certain
    } else {
        Certainty::InBranch
    }
}

fn is_branch(code: &str) -> bool {
    let mut branches = ["if ", "unless ", "elif ", "else", "case ", "cond "].into_iter();
    let is_production = code.starts_with("if") && code.contains(":prod") && !code.contains("!=");
    branches.any(|word| code.starts_with(word)) && !is_production
}

/// A directive that is not there begins as the default.
fn add_nonces(policy: &mut ContentPolicy, names: &[String]) {
    for name in names {
        let missing = policy.directive(name).is_none();
        if let Some(default) = policy.directive("default-src").filter(|_| missing) {
            let directive = Directive {
                name: name.clone(),
                ..default.clone()
            };
            policy.directives.push(directive);
        }
        let mut directives = policy.directives.iter_mut();
        if let Some(directive) = directives.find(|it| it.name == *name) {
            directive.sources.push("'nonce-…'".to_owned());
        }
    }
}

/// The directives to which a library adds the nonce of a request: `nonces_for: [:script_src]`.
fn directives_with_nonces(text: &str) -> Vec<String> {
    let list = text.split_once("nonces_for:").map(|(_, rest)| rest);
    let list = list
        .and_then(|rest| rest.split(']').next())
        .unwrap_or_default();
    let names = NAME.find_iter(list);
    names.map(|name| name.as_str().replace('_', "-")).collect()
}

/// Finds the first place that names the header of a policy.
pub(super) fn find_header(path: &Path, text: &str) -> Option<SourceLocation> {
    let mut found = NAME.captures_iter(text);
    let header = found.find(|it| {
        let before = end_of_line_before(&text[..it.get_match().start()]);
        let is_text = before.ends_with(['"', '\'']);
        // `headers.pop("…")` takes it away.
        let is_taken = before.trim_end_matches(['"', '\'']).ends_with("pop(");
        let is_used = certainty(&text[..it.get_match().start()]) != Certainty::Development;
        it.get(1).is_none() && it.name("only").is_none() && is_text && !is_taken && is_used
    })?;
    Some(Locations::of(path, text).at(header.get_match().start()))
}

/// The directives to which the code adds what is only known at run time: `policy["script-src"].append(host)`.
fn extended_directives(text: &str) -> Vec<String> {
    let found = NAME.find_iter(text).filter(|found| {
        let after = text[found.end()..].trim_start_matches(['"', '\'']);
        let added = [".append(", ".extend(", " +=", "+="].iter();
        let mut added = added.filter_map(|call| after.strip_prefix(']')?.strip_prefix(call));
        added.any(|argument| !argument.trim_start().starts_with(['"', '\'']))
    });
    found.map(|it| it.as_str().replace('_', "-")).collect()
}

/// The sources of a directive of which a part is only known at run time: that part may allow any host.
fn any_source() -> Vec<String> {
    vec!["*".to_owned()]
}

/// Reads the sources that follow the name of a directive. `None` if that is no directive.
fn sources(name: &str, after: &str) -> Option<Vec<String>> {
    let key = after
        .strip_prefix(['"', '\''])
        .unwrap_or(after)
        .trim_start();
    let value = key
        .strip_prefix("=>")
        .or_else(|| key.strip_prefix(':'))
        .or_else(|| key.strip_prefix(',').filter(|_| after.starts_with('"')));
    let words =
        |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
    if let Some(value) = value {
        return listed(value.trim_start());
    }
    if name.contains('_') || !after.starts_with([' ', '\n']) {
        return None;
    }
    let looked_at = &after[..after.floor_char_boundary(LOOKED_AT)];
    let end = looked_at.find([';', '"']).unwrap_or(looked_at.len());
    let (value, rest) = after.split_at(end);
    // What is joined to the text may allow any host.
    let joined = rest.strip_prefix('"').map(str::trim_start);
    if joined.is_some_and(|joined| joined.starts_with("<>") || joined.starts_with('+')) {
        return Some(any_source());
    }
    let sources = words(value);
    let is_source = |source: &String| {
        source.starts_with('\'') || source.trim_end_matches('.').contains([':', '.', '*'])
    };
    if value.contains('{') {
        return Some(any_source());
    }
    (!sources.is_empty() && sources.iter().all(is_source)).then_some(sources)
}

/// Reads `["'self'", :data]`, `~w('self' data:)` or `"'self' data:"`.
fn listed(value: &str) -> Option<Vec<String>> {
    let within = |start: &str, end: char| {
        let rest = value.strip_prefix(start)?;
        Some(&rest[..rest.find(end)?])
    };
    let text = if let Some(list) = within("[", ']') {
        let rest = TEXT.replace_all(list, "");
        if !rest
            .trim_matches(|it: char| it == ',' || it.is_whitespace())
            .replace(',', "")
            .trim()
            .is_empty()
        {
            return Some(any_source());
        }
        let texts = TEXT.captures_iter(list);
        let texts = texts.map(|text| match text.get(1) {
            Some(text) => text.as_str(),
            None if &text[0] == ":nonce" => "'nonce-…'",
            None => "",
        });
        texts.collect::<Vec<_>>().join(" ")
    } else {
        let forms = [("~w(", ')'), ("~w[", ']'), ("\"", '"')];
        forms
            .into_iter()
            .find_map(|(start, end)| within(start, end))?
            .to_owned()
    };
    let sources = text.split([' ', ';', '\n']).filter(|it| !it.is_empty());
    let sources = sources.map(str::to_owned).collect();
    if text.contains('{') {
        return Some(any_source());
    }
    Some(sources)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::content_policy::NonceTags;
    use std::path::PathBuf;

    fn wanted(text: &str) -> Vec<String> {
        let policies = find_policies(Path::new("lib/a.ex"), text);
        let code = ["app.js", "app.css"].map(PathBuf::from);
        let blocking = policies
            .iter()
            .filter_map(|it| it.blocks("https://cdn.example.com", &code, NonceTags::default()));
        blocking
            .map(|it| {
                format!(
                    "{}: {}",
                    it.place.rsplit(':').next().unwrap(),
                    it.wanted.join("; ")
                )
            })
            .collect()
    }

    #[test]
    fn each_policy_is_judged() {
        for (text, expected) in [
            (
                "\"default-src 'self'; script-src 'self' https://cdn.example.com\"",
                &["1: style-src 'self' https://cdn.example.com"][..],
            ),
            (
                "script_src: [\"'self'\", \"https://js.example.org\"],\nstyle_src: ~w('self')",
                &[
                    "1: script-src 'self' https://js.example.org https://cdn.example.com; \
                   style-src 'self' https://cdn.example.com",
                ],
            ),
            (
                "%{\"default-src\" => [\"data:\"]}\n%{\"default-src\" => [\"*\"]}",
                &[
                    "1: script-src data: https://cdn.example.com; style-src data: https://cdn.example.com",
                ],
            ),
            (
                "script_src: [:self], default_src: \"https:\"",
                &["1: script-src https://cdn.example.com"],
            ),
            ("\"script-src 'self' *.example.com; style-src https:\"", &[]),
            (
                "\"script-src 'nonce-#{nonce}'; style-src 'self' cdn.example.com\"",
                &[],
            ),
            ("script_src: [cdn(), \"'self'\"]", &[]),
            ("script_src: sources", &[]),
            ("{\"script-src\", [:nonce]}", &[]),
            (
                "{\"script-src\", [:nonce, \"a.example.org\"]}",
                &["1: script-src 'nonce-…' a.example.org https://cdn.example.com"],
            ),
        ] {
            assert_eq!(wanted(text), expected, "{text}");
        }
    }

    #[test]
    fn a_library_adds_nonces_to_the_directives_that_it_is_told() {
        for (text, expected) in [
            (
                "nonces_for: [:style_src],\ndirectives: %{default_src: ~w('self')}",
                &[
                    "2: script-src 'self' https://cdn.example.com; style-src 'self' 'nonce-…' https://cdn.example.com",
                ],
            ),
            (
                "nonces_for: [:style_src],\ndirectives: %{script_src: ~w('self'), style_src: ~w('self')}",
                &[
                    "2: script-src 'self' https://cdn.example.com; style-src 'self' 'nonce-…' https://cdn.example.com",
                ],
            ),
        ] {
            assert_eq!(wanted(text), expected, "{text}");
        }
    }

    #[test]
    fn a_header_of_development_is_none() {
        let text = "if settings.DEBUG:\n    response['Content-Security-Policy'] = policy(x)\n";
        assert_eq!(find_header(Path::new("a.py"), text), None);
        let text = text.replace("settings.DEBUG", "not settings.DEBUG");
        assert!(find_header(Path::new("a.py"), &text).is_some());
    }

    #[test]
    #[allow(clippy::too_many_lines, reason = "a table")]
    fn what_is_no_policy_of_a_page_is_left_out() {
        for (text, expected) in [
            ("\"default-src 'none'; frame-ancestors 'none'\"", &[][..]),
            (
                "    if settings.DEBUG:\n        response['Content-Security-Policy'] = \"script-src 'self'\"",
                &[],
            ),
            (
                "if Mix.env() != :prod do\n  def policy, do: \"default-src 'self' 'unsafe-eval'\"\nend",
                &[],
            ),
            (
                "header(\"content-security-policy\", \"default-src 'none'\")\nif html do\n  \
                 header(\"content-security-policy\", \"script-src 'self'\")\nend",
                &["3: script-src 'self' https://cdn.example.com"],
            ),
            (
                "\"sandbox allow-scripts; script-src 'self'\"",
                &["1: script-src 'self' https://cdn.example.com"],
            ),
            ("\"script-src 'self' \" <> cdn() <> \"; style-src *\"", &[]),
            (
                "p = {\"script-src\": [\"'self'\"]}\np[\"script-src\"].append(settings.CDN)",
                &[],
            ),
            (
                "base =\n  if stripe do\n    [\"script-src 'self' https://a.example\"]\n  else\n    \
                 [\"script-src 'self'\"]\n  end\nall = [\"default-src https:\"]",
                &[
                    "3: script-src 'self' https://a.example https://cdn.example.com",
                    "5: script-src 'self' https://cdn.example.com",
                ],
            ),
            // The answer is a file of somebody else, and no page.
            ("\"sandbox; default-src 'none'\"", &[]),
            (
                "@moduledoc \"\"\"\n  {\"default-src\", \"'self'\"}, the script-src directive.\n\"\"\"\nx",
                &[],
            ),
            (
                "  defp add(rest) do\n    if @dev do\n      \"script-src 'self' 'unsafe-eval'; \" <> rest\n    end\n  end\n  \
                 def rest, do: \"default-src 'self'; style-src *\"",
                &["6: script-src 'self' https://cdn.example.com"],
            ),
            (
                "@base [\"script-src 'self'\", \"style-src *\"]\n  defp add(rest) do\n    if @eval do\n      \
                 \"script-src 'self' 'unsafe-eval'; \" <> rest\n    else\n      rest\n    end\n  end",
                &["1: script-src 'self' https://cdn.example.com"],
            ),
            (
                "if settings.CSP:\n    response['Content-Security-Policy'] = \"script-src 'self'\"",
                &["2: script-src 'self' https://cdn.example.com"],
            ),
            ("\"script-src 'nonce-a'; style-src 'nonce-a'\"", &[]),
            (
                "policy = {\n    'script-src': [\"'self'\", \"data:\"],\n    \"style-src\": [\"*\"],\n}\n\
                 policy[\"script-src\"].append(\"x\")\nresponse['Content-Security-Policy'] = join(policy)",
                &["2: script-src 'self' data: https://cdn.example.com"],
            ),
            ("f\"script-src 'self' {host}; style-src *\"", &[]),
            (
                "\"default-src 'self'; img-src #{host} data:; script-src #{host}; style-src 'self'\"",
                &["1: style-src 'self' https://cdn.example.com"],
            ),
            ("\"base-uri 'self'; frame-ancestors 'self';\"", &[]),
            (
                "header(\"Content-Security-Policy\", \"style-src *; script-src *\")\n\
                 header(\"content-security-policy\", \"default-src data:\")",
                &[
                    "2: script-src data: https://cdn.example.com; style-src data: https://cdn.example.com",
                ],
            ),
            (
                "{\"content-security-policy-report-only\", \"default-src 'self'\"}",
                &[],
            ),
            ("# script-src 'self'", &[]),
            ("The directive script-src lists scripts.", &[]),
        ] {
            assert_eq!(wanted(text), expected, "{text}");
        }
    }
}
