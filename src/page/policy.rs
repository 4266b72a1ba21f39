//! The Content-Security-Policy of a page, as browsers apply it.

use super::{FileKind, PageFile};
use content_security_policy::{
    CheckResult, CspList, Destination, Initiator, ParserMetadata, PolicyDisposition, PolicySource,
    Request, Violation,
};
use url::{Origin, Url};

pub(super) struct PagePolicy {
    policies: CspList,
    origin: Origin,
}

impl PagePolicy {
    pub(super) fn of(header: Option<&str>, meta: &[String], page: &Url) -> Self {
        let enforce = PolicyDisposition::Enforce;
        let mut policies =
            CspList::parse(header.unwrap_or_default(), PolicySource::Header, enforce);
        for policy in meta {
            policies.append(CspList::parse(policy, PolicySource::Meta, enforce));
        }
        Self {
            policies,
            origin: page.origin(),
        }
    }

    /// The directive that would allow the file, if the policy forbids it.
    pub(super) fn forbids(&self, file: &PageFile) -> Option<String> {
        let request = Request {
            url: file.url.clone(),
            current_url: file.url.clone(),
            origin: self.origin.clone(),
            redirect_count: 0,
            destination: match file.kind {
                FileKind::Stylesheet => Destination::Style,
                FileKind::Script | FileKind::Module => Destination::Script,
                FileKind::Image => Destination::Image,
                FileKind::Font => Destination::Font,
                FileKind::Manifest => Destination::Manifest,
            },
            initiator: Initiator::None,
            nonce: file.nonce.clone(),
            integrity_metadata: file.integrity.clone(),
            parser_metadata: ParserMetadata::ParserInserted,
        };
        let (result, violations) = self.policies.should_request_be_blocked(&request);
        let violation = violations
            .first()
            .filter(|_| result == CheckResult::Blocked);
        violation.map(|violation| wanted(violation, file))
    }
}

/// The directive that decides, with the file's host. A default is not widened: the kind gets a directive of its own.
fn wanted(violation: &Violation, file: &PageFile) -> String {
    let (of_elements, of_kind) = match file.kind {
        FileKind::Stylesheet => (Some("style-src-elem"), "style-src"),
        FileKind::Script | FileKind::Module => (Some("script-src-elem"), "script-src"),
        FileKind::Image => (None, "img-src"),
        FileKind::Font => (None, "font-src"),
        FileKind::Manifest => (None, "manifest-src"),
    };
    let directives = &violation.policy.directive_set;
    let names = of_elements.into_iter().chain([of_kind, "default-src"]);
    let mut deciding = names.filter_map(|name| directives.iter().find(|it| it.name == name));
    let deciding = deciding.next().unwrap_or(&violation.directive);
    let name = match deciding.name.as_str() {
        "default-src" => of_kind,
        name => name,
    };
    let sources = deciding.value.iter().map(String::as_str);
    let sources = sources.filter(|source| !source.eq_ignore_ascii_case("'none'"));
    let origin = file.url.origin().ascii_serialization();
    let words = std::iter::once(name).chain(sources).chain([&*origin]);
    words.collect::<Vec<_>>().join(" ")
}
