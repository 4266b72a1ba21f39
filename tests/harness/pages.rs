//! Follows the links of a page as a browser does.

use super::http::{self, Answer};
use url::Url;

/// Returns every URL that a page or stylesheet names.
pub(crate) fn links(base: &str, text: &str) -> Vec<String> {
    let base = Url::parse(base).unwrap();
    let mut links: Vec<String> = [("src=\"", '"'), ("href=\"", '"'), ("url(", ')')]
        .iter()
        .flat_map(|(start, end)| {
            text.match_indices(start).filter_map(|(at, _)| {
                let rest = &text[at + start.len()..];
                Some(
                    rest[..rest.find(*end)?]
                        .trim_matches(['"', '\''])
                        .to_owned(),
                )
            })
        })
        .filter(|link| !link.starts_with("data:"))
        .map(|link| base.join(&link).unwrap().to_string())
        .collect();
    links.sort();
    links.dedup();
    links
}

/// Fetches the assets of a page and of its stylesheets.
pub(crate) fn assets(page_url: &str, page: &str) -> Vec<(String, Answer)> {
    let mut assets = Vec::new();
    for link in links(page_url, page) {
        let answer = http::get(&link);
        if answer.header("content-type").starts_with("text/css") {
            for link in links(&link, &answer.text()) {
                assets.push((link.clone(), http::get(&link)));
            }
        }
        assets.push((link, answer));
    }
    assets
}

/// Fails unless every asset of a page is under `prefix` and answers 200 with the right headers.
#[track_caller]
pub(crate) fn assert_all_from(prefix: &str, page_url: &str, page: &str) {
    let assets = assets(page_url, page);
    assert!(assets.len() >= 5, "too few links in:\n{page}");
    for (url, answer) in assets {
        assert!(url.starts_with(prefix), "{url} is not under {prefix}");
        assert_eq!(answer.status, 200, "{url}");
        let path = url.split('?').next().unwrap();
        let expected = match path.rsplit('.').next().unwrap() {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "ico" => "image/x-icon",
            "woff2" => "font/woff2",
            other => panic!("{other}: {url}"),
        };
        assert_eq!(answer.header("content-type"), expected, "{url}");
        assert_eq!(
            answer.header("cache-control"),
            "public, max-age=31536000, immutable",
            "{url}"
        );
    }
}
