//! What an answer other than success says. Nothing else of its body goes any further: S3's repeat session tokens.

use super::network::HostRole;
use object_store::client::HttpResponse;
use std::fmt;
use std::time::Duration;

const LONGEST_BODY: usize = 64 << 10;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ErrorResponse {
    pub(super) from: HostRole,
    pub(super) status: u16,
    /// The store's code, such as `SlowDown`. Empty if there is none.
    pub(super) code: String,
    /// The region of the bucket, if the answer names it.
    pub(super) region: Option<String>,
    pub(super) retry_after: Option<Duration>,
}

impl ErrorResponse {
    pub(super) fn of(from: HostRole, response: &HttpResponse, body: &[u8]) -> Self {
        let header = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        let body = String::from_utf8_lossy(&body[..body.len().min(LONGEST_BODY)]);
        let code = header("x-ms-error-code").or_else(|| xml_element(&body, "Code"));
        let retry_after = header("retry-after").and_then(|seconds| seconds.parse().ok());
        Self {
            from,
            status: response.status().as_u16(),
            code: code.or_else(|| oauth_error(&body)).unwrap_or_default(),
            region: header("x-amz-bucket-region")
                .and_then(|region| code_of(&region))
                .or_else(|| xml_element(&body, "Region")),
            retry_after: retry_after.map(Duration::from_secs),
        }
    }
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("HTTP {} {}", self.status, self.code);
        formatter.write_str(text.trim_end())
    }
}

/// The text of an XML element. Error documents are flat.
fn xml_element(body: &str, name: &str) -> Option<String> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    code_of(rest.split_once("</")?.0)
}

/// <https://datatracker.ietf.org/doc/html/rfc6749#section-5.2>
fn oauth_error(body: &str) -> Option<String> {
    let json: serde_json::Value = serde_json::from_str(body).ok()?;
    code_of(json.get("error")?.as_str()?)
}

/// What an error line or a line to paste may show: a word without anything that a shell or terminal reads.
fn code_of(text: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_code = !text.is_empty() && text.len() < 64 && text.bytes().all(is_plain);
    is_code.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_elements_hold_plain_text_only() {
        let body = "<Error><Code>ExpiredToken</Code><Token-0>a b</Token-0></Error>";
        assert_eq!(xml_element(body, "Code").as_deref(), Some("ExpiredToken"));
        assert_eq!(xml_element(body, "Token-0"), None);
        assert_eq!(xml_element(body, "Region"), None);
    }

    #[test]
    fn an_oauth_error_is_its_code() {
        let body = r#"{"error": "invalid_grant", "error_description": "Token eyJh…"}"#;
        assert_eq!(oauth_error(body).as_deref(), Some("invalid_grant"));
        assert_eq!(oauth_error(r#"{"error": "a b"}"#), None);
        assert_eq!(oauth_error("<html>"), None);
    }
}
