//! Finds tokens of platforms whose prefix and length leave no doubt. Keys that are meant for browsers pass: `pk_live_…` of
//! Stripe, `pk.…` of Mapbox, `AIza…` of Google.

use regex::bytes::Regex;
use std::sync::LazyLock;

/// Who issues a token, its prefixes, and the expression of what follows them.
///
/// Prefixes by the issuers' documents, such as <https://github.blog/changelog/2021-03-31-authentication-token-format-updates-are-generally-available/>,
/// <https://docs.gitlab.com/security/tokens/#token-prefixes>, <https://docs.stripe.com/keys>.
const TOKENS: [(&str, &[&str], &str); 20] = [
    ("AWS", &["AKIA"], "[A-Z2-7]{16}"),
    (
        "GitHub",
        &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
        "[A-Za-z0-9]{36}",
    ),
    ("GitHub", &["github_pat_"], "[A-Za-z0-9_]{82}"),
    ("GitLab", &["glpat-"], "[A-Za-z0-9_-]{20,}"),
    ("Slack", &["xoxb-", "xoxp-", "xapp-"], "[A-Za-z0-9-]{24,}"),
    ("Stripe", &["sk_live_", "rk_live_"], "[A-Za-z0-9]{24,}"),
    ("npm", &["npm_"], "[A-Za-z0-9]{36}"),
    ("PyPI", &["pypi-AgEIcHlwaS5vcmc"], "[A-Za-z0-9_-]{50,}"),
    ("Hex", &["hexpm_"], "[A-Za-z0-9]{32,}"),
    (
        "SendGrid",
        &["SG."],
        r"[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
    ),
    ("DigitalOcean", &["dop_v1_", "doo_v1_"], "[0-9a-f]{64}"),
    ("Heroku", &["HRKU-AA"], "[A-Za-z0-9_-]{58}"),
    ("Shopify", &["shpat_", "shpss_"], "[0-9a-fA-F]{32}"),
    ("Anthropic", &["sk-ant-api03-"], "[A-Za-z0-9_-]{80,}"),
    ("OpenAI", &["sk-proj-"], "[A-Za-z0-9_-]{48,}"),
    ("Hugging Face", &["hf_"], "[A-Za-z]{34}"),
    ("Google", &["GOCSPX-"], "[A-Za-z0-9_-]{28}"),
    (
        "Mapbox",
        &["sk.eyJ"],
        r"[A-Za-z0-9_-]{40,}\.[A-Za-z0-9_-]{20,}",
    ),
    ("Vault", &["hvs."], "[A-Za-z0-9_-]{90,}"),
    ("Databricks", &["dapi"], "[0-9a-f]{32}"),
];
/// What issuers write into their documents, and how many equal characters only a placeholder has in a row.
const EXAMPLE: &[u8] = b"EXAMPLE";
const LONGEST_RUN: usize = 7;

#[expect(clippy::unwrap_used, reason = "a constant, which a test compiles")]
static ANY: LazyLock<Regex> = LazyLock::new(|| {
    let tokens = TOKENS.iter().map(|(_, prefixes, rest)| {
        let prefixes: Vec<String> = prefixes
            .iter()
            .map(|prefix| regex::escape(prefix))
            .collect();
        format!(r"(?:{})(?:{rest})", prefixes.join("|"))
    });
    let tokens: Vec<String> = tokens.collect();
    Regex::new(&format!(r"(?-u:\b(?:{})(?:\b|$))", tokens.join("|"))).unwrap()
});

/// Who issued the first token in `content`.
pub(super) fn token_in(content: &[u8]) -> Option<&'static str> {
    let token = ANY
        .find_iter(content)
        .find(|token| !is_example(token.as_bytes()))?;
    let begins = |prefix: &&str| token.as_bytes().starts_with(prefix.as_bytes());
    let issuer = TOKENS
        .iter()
        .find(|(_, prefixes, _)| prefixes.iter().any(begins));
    issuer.map(|(issuer, ..)| *issuer)
}

/// Whether a token is one of a document or a form: `AKIAIOSFODNN7EXAMPLE`, `ghp_xxxx…`.
fn is_example(token: &[u8]) -> bool {
    let mut runs = token.chunk_by(u8::eq_ignore_ascii_case);
    runs.any(|run| run.len() > LONGEST_RUN)
        || memchr::memmem::find(&token.to_ascii_uppercase(), EXAMPLE).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made of parts, so that no scanner of repositories takes them for tokens.
    fn token(prefix: &str, letter: &str, count: usize) -> String {
        [prefix, &letter.repeat(count)].concat()
    }

    #[test]
    fn tokens_are_found_by_prefix_and_length() {
        for (prefix, letter, count, issuer) in [
            ("AKIA", "Q2", 8, "AWS"),
            ("ghp_", "a1B2", 9, "GitHub"),
            ("github_pat_", "a1", 41, "GitHub"),
            ("glpat-", "x1", 10, "GitLab"),
            ("xoxb-", "1-", 20, "Slack"),
            ("sk_live_", "a1", 12, "Stripe"),
            ("npm_", "a1", 18, "npm"),
            ("dop_v1_", "0f", 32, "DigitalOcean"),
            ("hf_", "aB", 17, "Hugging Face"),
            ("sk-ant-api03-", "a1", 48, "Anthropic"),
        ] {
            let token = token(prefix, letter, count);
            let script = format!("var key=\"{token}\";");
            assert_eq!(token_in(script.as_bytes()), Some(issuer), "{prefix}");
            let shorter = &script.replace(&token, &token[..token.len() - 2]);
            if !matches!(issuer, "Slack" | "Stripe" | "Anthropic") {
                assert_eq!(token_in(shorter.as_bytes()), None, "{prefix}");
            }
        }
    }

    #[test]
    fn keys_for_browsers_and_examples_pass() {
        for text in [
            token("pk_live_", "a1", 12),
            token("AIza", "a", 35),
            token("pk.eyJ", "a", 60) + "." + &"b".repeat(22),
            "AKIAIOSFODNN7EXAMPLE".to_owned(),
            // A part of a longer word.
            token("xAKIA", "Q2", 8),
            token("AKIA", "Q2", 20),
            token("ghp_", "x", 36),
        ] {
            assert_eq!(token_in(text.as_bytes()), None, "{text}");
        }
    }
}
