//! What a page loads by its tags, and the policies that it writes out.

use super::css::{self, as_asked};
use super::{FileKind, PageFile, RequestMode};
use html5gum::emitters::default::DefaultEmitter;
use html5gum::{HtmlString, Spanned, StartTag, Token, Tokenizer};
use std::collections::BTreeMap;
use url::Url;

/// A page as it is read.
pub(super) struct Html {
    pub(super) files: Vec<PageFile>,
    /// The policies of `<meta>` tags.
    pub(super) policies: Vec<String>,
}

pub(super) fn read(html: &str, page: &Url) -> Html {
    // What stands in a script or a style is no tag.
    let mut emitter = DefaultEmitter::<()>::default();
    emitter.naively_switch_states(true);
    let mut reader = TagReader {
        page: page.clone(),
        base: None,
        templates: 0,
        in_style: false,
        html: Html {
            files: Vec::new(),
            policies: Vec::new(),
        },
    };
    for token in Tokenizer::new_with_emitter(html, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => reader.start(&tag),
            Token::String(text) if reader.in_style => reader.style(&text),
            Token::EndTag(tag) => {
                reader.in_style = false;
                let is_template = *tag.name == b"template";
                reader.templates = reader.templates.saturating_sub(usize::from(is_template));
            }
            _ => {}
        }
    }
    reader.html
}

struct TagReader {
    page: Url,
    /// The URL of the first `<base>`.
    base: Option<Url>,
    /// How many `<template>` are open: what stands in one is not loaded.
    templates: usize,
    in_style: bool,
    html: Html,
}

/// The attributes of a tag.
struct Attributes<'a> {
    attributes: &'a BTreeMap<HtmlString, Spanned<HtmlString, ()>>,
}

impl Attributes<'_> {
    fn text(&self, name: &str) -> Option<String> {
        let value = self.attributes.get(name.as_bytes())?;
        Some(String::from_utf8_lossy(&value.value).trim().to_owned())
    }

    fn has(&self, name: &str) -> bool {
        self.attributes.contains_key(name.as_bytes())
    }
}

impl TagReader {
    /// What URLs of the page are relative to.
    fn base(&self) -> &Url {
        self.base.as_ref().unwrap_or(&self.page)
    }

    fn start(&mut self, tag: &StartTag<()>) {
        let name = String::from_utf8_lossy(&tag.name).into_owned();
        let tag = Attributes {
            attributes: &tag.attributes,
        };
        if self.templates > 0 {
            self.templates += usize::from(name == "template");
            return;
        }
        self.in_style = name == "style";
        if let Some(style) = tag.text("style") {
            self.style(style.as_bytes());
        }
        match name.as_str() {
            "base" if self.base.is_none() => {
                self.base = tag.text("href").and_then(|it| self.page.join(&it).ok());
            }
            "template" => self.templates += 1,
            "meta" => {
                let is_policy = tag
                    .text("http-equiv")
                    .is_some_and(|it| it.eq_ignore_ascii_case("content-security-policy"));
                self.html
                    .policies
                    .extend(tag.text("content").filter(|_| is_policy));
            }
            "link" => self.link(&tag),
            "script" => self.script(&tag),
            "img" | "source" => {
                self.add(
                    &tag,
                    tag.text("src").filter(|_| name == "img"),
                    FileKind::Image,
                );
                self.sources(&tag, "srcset");
            }
            "video" => self.add(&tag, tag.text("poster"), FileKind::Image),
            "input"
                if tag
                    .text("type")
                    .is_some_and(|it| it.eq_ignore_ascii_case("image")) =>
            {
                self.add(&tag, tag.text("src"), FileKind::Image);
            }
            "image" => {
                let href = tag.text("href").or_else(|| tag.text("xlink:href"));
                self.add(&tag, href, FileKind::Image);
            }
            _ => {}
        }
    }

    fn link(&mut self, tag: &Attributes<'_>) {
        let rel = tag.text("rel").unwrap_or_default().to_ascii_lowercase();
        let rel: Vec<&str> = rel.split_ascii_whitespace().collect();
        let loaded_as = tag.text("as").unwrap_or_default().to_ascii_lowercase();
        let kind = if rel.contains(&"stylesheet") {
            (!rel.contains(&"alternate") && !tag.has("disabled")).then_some(FileKind::Stylesheet)
        } else if rel.contains(&"modulepreload") {
            Some(FileKind::Module)
        } else if rel.contains(&"manifest") {
            Some(FileKind::Manifest)
        } else if rel.contains(&"preload") {
            match loaded_as.as_str() {
                "style" => Some(FileKind::Stylesheet),
                "script" => Some(FileKind::Script),
                "font" => Some(FileKind::Font),
                "image" => Some(FileKind::Image),
                _ => None,
            }
        } else {
            let is_icon = rel
                .iter()
                .any(|it| matches!(*it, "icon" | "apple-touch-icon"));
            is_icon.then_some(FileKind::Image)
        };
        if let Some(kind) = kind {
            self.add(tag, tag.text("href"), kind);
            self.sources(tag, "imagesrcset");
        }
    }

    fn script(&mut self, tag: &Attributes<'_>) {
        let kind = tag.text("type").unwrap_or_default().to_ascii_lowercase();
        let kind = match kind.as_str() {
            "module" => FileKind::Module,
            "" => FileKind::Script,
            kind if kind.ends_with("javascript") || kind.ends_with("ecmascript") => {
                FileKind::Script
            }
            // Data, such as JSON and templates.
            _ => return,
        };
        // Browsers that know modules leave these alone.
        if !(tag.has("nomodule") && kind == FileKind::Script) {
            self.add(tag, tag.text("src"), kind);
        }
    }

    /// Reads `a.png 1x, b.png 2x`. A URL may hold commas, but does not end with one; descriptors end with one.
    fn sources(&mut self, tag: &Attributes<'_>, name: &str) {
        let sources = tag.text(name).unwrap_or_default();
        let mut rest = sources.as_str();
        loop {
            let is_between = |letter: char| letter.is_ascii_whitespace() || letter == ',';
            rest = rest.trim_start_matches(is_between);
            if rest.is_empty() {
                return;
            }
            let end = rest.find(|letter: char| letter.is_ascii_whitespace());
            let (url, descriptors) = rest.split_at(end.unwrap_or(rest.len()));
            self.add(
                tag,
                Some(url.trim_end_matches(',').to_owned()),
                FileKind::Image,
            );
            let after = descriptors.find(',').unwrap_or(descriptors.len());
            rest = if url.ends_with(',') {
                descriptors
            } else {
                &descriptors[after..]
            };
        }
    }

    fn style(&mut self, css: &[u8]) {
        let css = String::from_utf8_lossy(css);
        let files = css::read(&css, self.base(), None);
        self.html.files.extend(files);
    }

    fn add(&mut self, tag: &Attributes<'_>, url: Option<String>, kind: FileKind) {
        let Some(url) = url.filter(|url| !url.is_empty()) else {
            return;
        };
        let Ok(url) = self.base().join(&url) else {
            return;
        };
        if matches!(url.scheme(), "http" | "https") {
            let always = matches!(kind, FileKind::Module | FileKind::Font | FileKind::Manifest);
            self.html.files.push(PageFile {
                url: as_asked(url),
                kind,
                mode: match tag.text("crossorigin").as_deref() {
                    Some("use-credentials") => RequestMode::WithCredentials,
                    Some(_) => RequestMode::Cors,
                    None if always => RequestMode::Cors,
                    None => RequestMode::NoCors,
                },
                nonce: tag.text("nonce").unwrap_or_default(),
                integrity: tag.text("integrity").unwrap_or_default(),
                named_by: None,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use FileKind::{Font, Image, Manifest, Module, Script, Stylesheet};

    #[test]
    fn tags_are_read_as_browsers_do() {
        let html = r#"<!doctype html><base href="/app/">
            <meta http-equiv="Content-Security-Policy" content="img-src 'self'">
            <link rel="preload stylesheet" href=a.css><link rel="alternate stylesheet" href=no.css>
            <link rel=preload as=font href=f.woff2><link rel="shortcut icon" href="i.ico">
            <link rel=modulepreload href=m.js><link rel=manifest href=site.webmanifest>
            <!-- <script src="no.js"></script> -->
            <script>document.write('<script src="no.js"><\/script>')</script>
            <script type=module src="m2.js"></script><script src="s.js?x#y" crossorigin></script>
            <script type="application/json" src="no.json"></script><script nomodule src=no.js></script>
            <style>p { background: url(bg.png) }</style>
            <p style="background: url('bg2.png')">
            <picture><source srcset="l.avif 1x, l2.avif 2x,l3.avif"><img src="l.png" srcset="x,y.png 100w"></picture>
            <img src="data:image/png;base64,AAAA"><template><img src="no.png"></template><base href="/no/"><input type=image src=go.png>"#;
        let page = Url::parse("https://shop.example/start").unwrap();
        let read = read(html, &page);
        let found: Vec<_> = read
            .files
            .iter()
            .map(|file| {
                (
                    file.url
                        .as_str()
                        .trim_start_matches("https://shop.example/app/"),
                    file.kind,
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ("a.css", Stylesheet),
                ("f.woff2", Font),
                ("i.ico", Image),
                ("m.js", Module),
                ("site.webmanifest", Manifest),
                ("m2.js", Module),
                ("s.js?x", Script),
                ("bg.png", Image),
                ("bg2.png", Image),
                ("l.avif", Image),
                ("l2.avif", Image),
                ("l3.avif", Image),
                ("l.png", Image),
                ("x,y.png", Image),
                ("go.png", Image),
            ]
        );
        let cors = read.files.iter();
        let cors = cors.filter(|file| file.mode == RequestMode::Cors);
        assert_eq!(cors.count(), 5);
        assert_eq!(read.policies, ["img-src 'self'"]);
    }
}
