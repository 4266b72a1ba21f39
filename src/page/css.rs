//! What a stylesheet loads.

use super::{FileKind, MOST_FILES, PageFile, RequestMode};
use cssparser::{ParseError, Parser, Token};
use url::Url;

/// Reads a stylesheet, or the text of a `<style>` or `style="…"` of the page.
pub(super) fn read(css: &str, base: &Url, named_by: Option<&Url>) -> Vec<PageFile> {
    let mut found = UrlCollector {
        base,
        named_by,
        files: Vec::new(),
    };
    found.read(&mut Parser::new(css), FileKind::Image);
    found.files
}

struct UrlCollector<'a> {
    base: &'a Url,
    named_by: Option<&'a Url>,
    files: Vec<PageFile>,
}

/// What a quoted text in a function is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum QuotedTexts {
    AreUrls,
    /// As in `type("image/avif")`.
    AreNone,
}

impl QuotedTexts {
    fn of(function: &str) -> Self {
        let is_url = ["url", "src"]
            .iter()
            .any(|it| function.eq_ignore_ascii_case(it));
        if is_url { Self::AreUrls } else { Self::AreNone }
    }
}

impl UrlCollector<'_> {
    /// Reads everything up to the end of a block. `kind` is what a URL stands for there.
    fn read(&mut self, parser: &mut Parser<'_>, kind: FileKind) {
        // The kind of the URLs of the rule that has begun, until its end.
        let mut rule = kind;
        let mut is_import = false;
        // What stands before the block or the end of another rule, such as of a namespace.
        let mut is_prelude = false;
        while let Ok(token) = parser.next().cloned() {
            match &token {
                Token::AtKeyword(name) if name.eq_ignore_ascii_case("font-face") => {
                    rule = FileKind::Font;
                }
                Token::AtKeyword(name) => {
                    is_import = name.eq_ignore_ascii_case("import");
                    is_prelude = !is_import;
                }
                Token::Semicolon => (is_import, is_prelude) = (false, false),
                Token::UnquotedUrl(_) if is_prelude => {}
                Token::Function(_) if is_prelude => self.nested(parser, |_, _| {}),
                Token::UnquotedUrl(url) => {
                    self.add(
                        url,
                        if is_import {
                            FileKind::Stylesheet
                        } else {
                            rule
                        },
                    );
                }
                Token::QuotedString(url) if is_import => {
                    self.add(url, FileKind::Stylesheet);
                    is_import = false;
                }
                Token::Function(name) => {
                    let texts = match QuotedTexts::of(name) {
                        QuotedTexts::AreNone
                            if name.to_ascii_lowercase().ends_with("image-set") =>
                        {
                            QuotedTexts::AreUrls
                        }
                        texts => texts,
                    };
                    let kind = if is_import {
                        FileKind::Stylesheet
                    } else {
                        rule
                    };
                    self.nested(parser, |found, parser| {
                        found.read_function(parser, kind, texts);
                    });
                }
                Token::CurlyBracketBlock => {
                    is_prelude = false;
                    self.nested(parser, |found, parser| found.read(parser, rule));
                    rule = kind;
                }
                Token::ParenthesisBlock | Token::SquareBracketBlock => {
                    self.nested(parser, |found, parser| found.read(parser, rule));
                }
                _ => {}
            }
        }
    }

    /// Reads the arguments of a function, of which texts may be URLs.
    fn read_function(&mut self, parser: &mut Parser<'_>, kind: FileKind, texts: QuotedTexts) {
        while let Ok(token) = parser.next().cloned() {
            match &token {
                Token::QuotedString(url) if texts == QuotedTexts::AreUrls => self.add(url, kind),
                Token::UnquotedUrl(url) => self.add(url, kind),
                Token::Function(name) => {
                    let texts = QuotedTexts::of(name);
                    self.nested(parser, |found, parser| {
                        found.read_function(parser, kind, texts);
                    });
                }
                _ => {}
            }
        }
    }

    fn nested(&mut self, parser: &mut Parser<'_>, read: impl FnOnce(&mut Self, &mut Parser<'_>)) {
        let done = parser.parse_nested_block(|parser| {
            read(self, parser);
            Ok::<_, ParseError<()>>(())
        });
        // A block always ends, at the latest with the text.
        drop(done);
    }

    fn add(&mut self, url: &str, kind: FileKind) {
        let is_reference = url.is_empty() || url.starts_with('#');
        if let (false, Ok(url)) = (is_reference, self.base.join(url))
            && matches!(url.scheme(), "http" | "https")
        {
            let file = PageFile {
                url: as_asked(url),
                kind,
                mode: match kind {
                    FileKind::Font => RequestMode::Cors,
                    _ => RequestMode::NoCors,
                },
                nonce: String::new(),
                integrity: String::new(),
                named_by: self.named_by.cloned(),
            };
            if self.files.len() <= MOST_FILES && !self.files.contains(&file) {
                self.files.push(file);
            }
        }
    }
}

/// The URL as it is asked for: without a fragment, and without a password, which no log should show.
pub(super) fn as_asked(mut url: Url) -> Url {
    url.set_fragment(None);
    // Only URLs without a host refuse that.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_found_by_their_kinds() {
        let css = r#"
            @import "reset.css" layer(base);
            @import url(print.css) print;
            @namespace svg url(http://www.w3.org/2000/svg);
            @document url(http://other.example/) { p { background: url(d.png) } }
            /* url(comment.png) */
            @font-face { font-family: X; src: url("x.woff2") format("woff2"), url(x.ttf#iefix); }
            a { background: url( a\ b.png ); content: "url(no.png)"; mask: url(#inside); }
            @media (width > 1px) { b { background: image-set("c.avif" type("image/avif"), url(c.png) 2x) } }
            c { background: url(data:image/png;base64,AAAA) }
        "#;
        let base = Url::parse("https://cdn.example/v1/css/app.css").unwrap();
        let files = read(css, &base, Some(&base));
        let found: Vec<_> = files
            .iter()
            .map(|file| (file.url.path(), file.kind, file.mode == RequestMode::Cors))
            .collect();
        assert_eq!(
            found,
            [
                ("/v1/css/reset.css", FileKind::Stylesheet, false),
                ("/v1/css/print.css", FileKind::Stylesheet, false),
                ("/v1/css/d.png", FileKind::Image, false),
                ("/v1/css/x.woff2", FileKind::Font, true),
                ("/v1/css/x.ttf", FileKind::Font, true),
                ("/v1/css/a%20b.png", FileKind::Image, false),
                ("/v1/css/c.avif", FileKind::Image, false),
                ("/v1/css/c.png", FileKind::Image, false),
            ]
        );
    }
}
