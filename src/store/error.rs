//! What a failed request means: `object_store::Error` ends here.

use super::error_response::ErrorResponse;
use super::network::HostRole;
use crate::prefix::{BucketUrl, Key};
use object_store::client::{HttpError, HttpErrorKind};
use std::error::Error;
use std::time::Duration;

/// A request that failed, after retries if its cause may pass.
#[derive(Debug)]
pub(crate) struct FailedRequest(pub(crate) RequestError, pub(crate) Box<RequestTarget>);

pub(super) type RequestResult<T> = Result<T, FailedRequest>;

#[derive(Debug)]
pub(crate) struct RequestTarget {
    /// The permission that the request needs, as the store calls it.
    pub(crate) action: &'static str,
    pub(crate) key: Key,
    pub(crate) store: BucketUrl,
}

/// Why a request failed. Holds no body of an answer: those repeat secrets.
#[derive(Debug)]
pub(crate) enum RequestError {
    NotFound,
    /// The condition of a read says that the reader has the content.
    NotModified,
    /// The condition of a create says that something has the name.
    Exists,
    NotImplemented,
    /// A policy of the store, such as a retention, keeps the object from being deleted.
    Held,
    /// A store without the right to list also answers so for what does not exist.
    Forbidden,
    NoBucket,
    WrongRegion(Option<String>),
    /// No setting gives a region, and the store names another one than before.
    RegionChanged(String),
    /// The store names the cause by a code: `InvalidAccessKeyId`.
    InvalidCredentials(String),
    ExpiredCredentials,
    ClockSkew,
    /// The same request may succeed later.
    Temporary {
        cause: String,
        retry_after: Option<Duration>,
    },
    /// No answer, or none that can be read, for a cause that stays.
    NoAnswer(String),
    Unexpected(String),
}

impl RequestError {
    /// `response` is the last error response of the request, if it got one.
    pub(super) fn of(error: &object_store::Error, response: Option<&ErrorResponse>) -> Self {
        let unreadable = || Self::NoAnswer("the answer can't be read".to_owned());
        match (response, error) {
            (Some(response), _) => Self::of_response(response),
            (None, object_store::Error::NotModified { .. }) => Self::NotModified,
            (None, object_store::Error::NotFound { .. }) => Self::NotFound,
            (None, error) => sources_of(error)
                .find_map(|error| error.downcast_ref())
                .map_or_else(unreadable, Self::of_transport),
        }
    }

    /// Reads the codes and statuses of S3, Azure and GCS. A code that means more than its status comes first.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>,
    /// <https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes>,
    /// <https://cloud.google.com/storage/docs/xml-api/reference-status>
    pub(super) fn of_response(response: &ErrorResponse) -> Self {
        let code = response.code.as_str();
        let region = response.region.clone();
        let retry_after = response.retry_after;
        let temporary = |cause| Self::Temporary { cause, retry_after };
        if response.from == HostRole::Identity {
            return match (code, response.status) {
                ("ExpiredToken" | "ExpiredTokenException" | "IDPCommunicationError", _) => {
                    Self::ExpiredCredentials
                }
                (_, 408 | 429 | 500..) => {
                    temporary(format!("the token service answered {response}"))
                }
                _ => Self::InvalidCredentials(code.to_owned()),
            };
        }
        match code {
            "NoSuchBucket" | "ContainerNotFound" | "ContainerBeingDeleted" | "ResourceNotFound" => {
                Self::NoBucket
            }
            "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => {
                Self::ExpiredCredentials
            }
            "RequestTimeTooSkewed" => Self::ClockSkew,
            "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "InvalidToken"
            | "InvalidSecurity"
            | "AuthenticationFailed"
            | "InvalidAuthenticationInfo"
            | "AuthenticationRequired"
            | "AccountIsDisabled" => Self::InvalidCredentials(code.to_owned()),
            "PermanentRedirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException" => Self::WrongRegion(region),
            // Azure answers so to a create of an existing blob, the second one if the signature may only create.
            "BlobAlreadyExists" | "UnauthorizedBlobOverwrite" | "BlobImmutableDueToPolicy" => {
                Self::Exists
            }
            "SlowDown" | "InternalError" | "ServiceUnavailable" | "RequestTimeout"
            | "ServerBusy" | "OperationTimedOut" => temporary(response.to_string()),
            "NotImplemented" => Self::NotImplemented,
            _ => match response.status {
                404 => Self::NotFound,
                412 => Self::Exists,
                403 => Self::Forbidden,
                401 => Self::InvalidCredentials(code.to_owned()),
                300..=399 if region.is_some() => Self::WrongRegion(region),
                300..=399 => Self::Unexpected(format!("{response} (redirects are not followed)")),
                501 => Self::NotImplemented,
                // A 409 says only that another request for the same key was in flight.
                408 | 409 | 429 | 500.. => temporary(response.to_string()),
                _ => Self::Unexpected(response.to_string()),
            },
        }
    }

    pub(super) fn temporary(cause: impl Into<String>) -> Self {
        let (cause, retry_after) = (cause.into(), None);
        Self::Temporary { cause, retry_after }
    }

    /// Failed connections may succeed later, unless a name or a certificate is wrong.
    fn of_transport(error: &HttpError) -> Self {
        let lasting = [
            "certificate",
            "InvalidContentType",
            "not the store",
            "invalid URL",
        ];
        // The outer errors repeat the URL.
        let innermost = sources_of(error).last();
        let cause = innermost.map_or_else(|| error.to_string(), ToString::to_string);
        if error.kind() == HttpErrorKind::Decode || lasting.iter().any(|sign| cause.contains(sign))
        {
            return Self::NoAnswer(cause);
        }
        Self::temporary(cause)
    }
}

fn sources_of<'a>(error: &'a dyn Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |error| (*error).source())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(status: u16, code: &str) -> RequestError {
        RequestError::of_response(&ErrorResponse {
            from: HostRole::Store,
            status,
            code: code.to_owned(),
            region: Some("eu-west-1".to_owned()),
            retry_after: None,
        })
    }

    #[test]
    fn answers_are_told_apart_by_status_and_code() {
        type Check = fn(&RequestError) -> bool;
        let is_temporary: Check = |error| matches!(error, RequestError::Temporary { .. });
        let exists: Check = |error| matches!(error, RequestError::Exists);
        let is_not_found: Check = |error| matches!(error, RequestError::NotFound);
        let rejects: Check = |error| matches!(error, RequestError::InvalidCredentials(_));
        let no_bucket: Check = |error| matches!(error, RequestError::NoBucket);
        let is_forbidden: Check = |error| matches!(error, RequestError::Forbidden);
        let cases: [(u16, &str, Check); 24] = [
            (404, "NoSuchKey", is_not_found),
            (404, "BlobNotFound", is_not_found),
            (412, "", exists),
            // Azure says with a 409 what S3 says with a 412.
            (409, "BlobAlreadyExists", exists),
            (403, "UnauthorizedBlobOverwrite", exists),
            (409, "ConditionalRequestConflict", is_temporary),
            (503, "SlowDown", is_temporary),
            (501, "", |error| {
                matches!(error, RequestError::NotImplemented)
            }),
            (403, "AccessDenied", is_forbidden),
            // Google's reference of its XML API.
            (403, "AccountProblem", is_forbidden),
            (403, "UserProjectAccessDenied", is_forbidden),
            (401, "AuthenticationRequired", rejects),
            (403, "InvalidSecurity", rejects),
            (404, "NoSuchUpload", is_not_found),
            (412, "PreconditionFailed", exists),
            (429, "SlowDown", is_temporary),
            (404, "NoSuchBucket", no_bucket),
            (404, "ContainerNotFound", no_bucket),
            (
                301,
                "PermanentRedirect",
                |error| matches!(error, RequestError::WrongRegion(Some(region)) if region == "eu-west-1"),
            ),
            (400, "ExpiredToken", |error| {
                matches!(error, RequestError::ExpiredCredentials)
            }),
            (403, "RequestTimeTooSkewed", |error| {
                matches!(error, RequestError::ClockSkew)
            }),
            (403, "SignatureDoesNotMatch", rejects),
            (403, "AuthenticationFailed", rejects),
            (418, "", |error| {
                matches!(error, RequestError::Unexpected(_))
            }),
        ];
        for (status, code, is_expected) in cases {
            let error = meaning(status, code);
            assert!(is_expected(&error), "{status} {code}: {error:?}");
        }
    }
}
