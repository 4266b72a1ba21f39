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

impl ErrorResponse {
    /// The first failure of a batch, whose own status says nothing of its parts. An object that does not exist is not a
    /// failure: <https://learn.microsoft.com/rest/api/storageservices/blob-batch>
    pub(super) fn of_batch(from: HostRole, response: &HttpResponse, body: &[u8]) -> Option<Self> {
        let content_type = response.headers().get("content-type")?.to_str().ok()?;
        if !content_type.starts_with("multipart/mixed") {
            return None;
        }
        let body = String::from_utf8_lossy(body);
        let mut parts = body.split("HTTP/1.1 ").skip(1);
        parts.find_map(|part| {
            let status = part.get(..3)?.parse().ok()?;
            let headers = part.lines().filter_map(|line| line.split_once(':'));
            let mut codes =
                headers.filter(|(name, _)| name.eq_ignore_ascii_case("x-ms-error-code"));
            let code = codes.next().and_then(|(_, code)| code_of(code.trim()));
            let failed = Self {
                from,
                status,
                code: code.unwrap_or_default(),
                region: None,
                retry_after: None,
            };
            (status >= 400 && status != 404).then_some(failed)
        })
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
    fn a_batch_names_the_first_part_that_failed() {
        let body = "--batch_1\r\nContent-ID: 0\r\n\r\nHTTP/1.1 404 Not there\r\nx-ms-error-code: BlobNotFound\r\n\r\n\
                    --batch_1\r\nContent-ID: 1\r\n\r\nHTTP/1.1 403 This request is not authorized\r\n\
                    x-ms-error-code: AuthorizationPermissionMismatch\r\n\r\n--batch_1--\r\n";
        let response = |content_type: &str| {
            let response = http::Response::builder().header("content-type", content_type);
            response.body(Vec::new().into()).unwrap()
        };
        let of = |content_type| {
            let response: HttpResponse = response(content_type);
            ErrorResponse::of_batch(HostRole::Store, &response, body.as_bytes())
        };
        let failed = of("multipart/mixed; boundary=batch_1").unwrap();
        assert_eq!(failed.status, 403);
        assert_eq!(failed.code, "AuthorizationPermissionMismatch");
        assert_eq!(of("application/xml"), None);
    }

    #[test]
    fn an_oauth_error_is_its_code() {
        let body = r#"{"error": "invalid_grant", "error_description": "Token eyJh…"}"#;
        assert_eq!(oauth_error(body).as_deref(), Some("invalid_grant"));
        assert_eq!(oauth_error(r#"{"error": "a b"}"#), None);
        assert_eq!(oauth_error("<html>"), None);
    }
}
