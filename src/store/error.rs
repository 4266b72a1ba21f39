//! What a store's answer means: `object_store::Error` ends here.

use super::transport::{Asked, ErrorResponse};
use super::{InvalidCredentials, MissingPermission, StoreError};
use crate::prefix::{BucketUrl, Key};
use object_store::client::{HttpError, HttpErrorKind};
use std::error::Error;

/// One failed request.
#[derive(Debug)]
pub(super) enum RequestError {
    NotFound,
    /// A read whose condition says: you have it.
    NotModified,
    /// The condition of a create did not hold: something has the name.
    Exists,
    /// The store knows no conditional writes.
    NotImplemented,
    /// Forbidden; on a store without the right to list also: not there.
    Forbidden,
    Temporary(String),
    Final(Box<StoreError>),
}

pub(super) fn request_error(
    error: &object_store::Error,
    response: Option<&ErrorResponse>,
    store: &BucketUrl,
    key: &Key,
) -> RequestError {
    if let Some(response) = response {
        return refused(response, store, key);
    }
    match error {
        object_store::Error::NotModified { .. } => RequestError::NotModified,
        object_store::Error::NotFound { .. } => RequestError::NotFound,
        error => match http_error(error) {
            Some(error) => of_transport(error, key),
            None => unexpected(key, kind_of(error).to_owned()),
        },
    }
}

/// What an answer other than success means.
pub(super) fn refused(response: &ErrorResponse, store: &BucketUrl, key: &Key) -> RequestError {
    let code = response.code.as_str();
    if response.from == Asked::Identity {
        return refused_identity(response);
    }
    if let Some(meaning) = meaning_of_code(code, response, store) {
        return meaning;
    }
    match response.status {
        404 => RequestError::NotFound,
        412 => RequestError::Exists,
        403 => RequestError::Forbidden,
        401 => rejected(code),
        300..=399 if response.region.is_some() => wrong_region(response, store),
        300..=399 => unexpected(
            key,
            format!("{}: a redirect, which is not followed", said(response)),
        ),
        501 => RequestError::NotImplemented,
        // A 409 says nothing of what is there: another request for the same key was under way.
        408 | 409 | 429 | 500.. => RequestError::Temporary(said(response)),
        _ => unexpected(key, said(response)),
    }
}

/// Whoever gives tokens gave none.
fn refused_identity(response: &ErrorResponse) -> RequestError {
    match (response.code.as_str(), response.status) {
        ("ExpiredToken" | "ExpiredTokenException" | "IDPCommunicationError", _) => {
            end(StoreError::Expired)
        }
        (_, 408 | 429 | 500..) => {
            RequestError::Temporary(format!("the token service answered {}", said(response)))
        }
        (code, _) => rejected(code),
    }
}

/// Codes that mean more than their status does: of S3, Azure and GCS.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>,
/// <https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes>,
/// <https://cloud.google.com/storage/docs/xml-api/reference-status>
fn meaning_of_code(
    code: &str,
    response: &ErrorResponse,
    store: &BucketUrl,
) -> Option<RequestError> {
    match code {
        "NoSuchBucket" | "ContainerNotFound" | "ContainerBeingDeleted" | "ResourceNotFound" => {
            Some(end(StoreError::NoBucket {
                store: store.clone(),
            }))
        }
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => {
            Some(end(StoreError::Expired))
        }
        "RequestTimeTooSkewed" => Some(end(StoreError::ClockSkew)),
        "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "InvalidToken"
        | "InvalidSecurity"
        | "AuthenticationFailed"
        | "InvalidAuthenticationInfo"
        | "AuthenticationRequired"
        | "AccountIsDisabled" => Some(rejected(code)),
        "PermanentRedirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException" => Some(wrong_region(response, store)),
        // Azure's answer to a create says in so many words what is there, one by a signature that may only
        // create does it by refusing.
        "BlobAlreadyExists" | "UnauthorizedBlobOverwrite" | "BlobImmutableDueToPolicy" => {
            Some(RequestError::Exists)
        }
        "SlowDown" | "InternalError" | "ServiceUnavailable" | "RequestTimeout" | "ServerBusy"
        | "OperationTimedOut" => Some(RequestError::Temporary(said(response))),
        "NotImplemented" => Some(RequestError::NotImplemented),
        _ => None,
    }
}

fn end(error: StoreError) -> RequestError {
    RequestError::Final(Box::new(error))
}

fn rejected(code: &str) -> RequestError {
    end(StoreError::InvalidCredentials(InvalidCredentials {
        code: code.to_owned(),
    }))
}

fn unexpected(key: &Key, cause: String) -> RequestError {
    end(StoreError::Unexpected {
        key: key.clone(),
        cause,
    })
}

fn wrong_region(response: &ErrorResponse, store: &BucketUrl) -> RequestError {
    end(StoreError::WrongRegion {
        bucket: store.bucket.clone(),
        region: response.region.clone(),
    })
}

fn said(response: &ErrorResponse) -> String {
    format!("HTTP {} {}", response.status, response.code)
        .trim_end()
        .to_owned()
}

/// Connections that fail pass, but for names and certificates that don't.
fn of_transport(error: &HttpError, key: &Key) -> RequestError {
    let cause = root_cause(error);
    let is_lasting = [
        "certificate",
        "InvalidContentType",
        "not the store",
        "invalid URL",
    ]
    .iter()
    .any(|sign| cause.contains(sign));
    if is_lasting || !is_passing(error.kind()) {
        unexpected(key, cause)
    } else {
        RequestError::Temporary(cause)
    }
}

pub(super) fn is_passing(kind: HttpErrorKind) -> bool {
    kind != HttpErrorKind::Decode
}

/// The innermost error: the outer ones repeat the URL.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

fn http_error(error: &object_store::Error) -> Option<&HttpError> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<HttpError>() {
            return Some(error);
        }
        source = error.source();
    }
    None
}

fn kind_of(error: &object_store::Error) -> &'static str {
    use object_store::Error as E;
    match error {
        E::InvalidPath { .. } => "the name is not valid there",
        E::NotSupported { .. } | E::NotImplemented { .. } => "not supported there",
        E::JoinError { .. } => "the request was abandoned",
        _ => "an answer that can't be read",
    }
}

/// What a caller that can do nothing about it makes of a request_error.
pub(super) fn final_error(
    request_error: RequestError,
    action: &'static str,
    key: &Key,
    store: &BucketUrl,
) -> StoreError {
    let unexpected = |cause: &str| StoreError::Unexpected {
        key: key.clone(),
        cause: cause.to_owned(),
    };
    match request_error {
        RequestError::Final(error) => *error,
        RequestError::Forbidden => StoreError::MissingPermission(MissingPermission {
            action,
            key: key.clone(),
            store: store.clone(),
        }),
        RequestError::NotFound => unexpected("not found"),
        RequestError::Exists => unexpected("exists already"),
        RequestError::NotModified => unexpected("not modified"),
        RequestError::NotImplemented => unexpected("not implemented there"),
        RequestError::Temporary(cause) => unexpected(&cause),
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::prefix::StoreUrl;

    fn meaning(status: u16, code: &str) -> RequestError {
        let response = ErrorResponse {
            from: Asked::Store,
            status,
            code: code.to_owned(),
            region: Some("eu-west-1".to_owned()),
            retry_after: None,
        };
        let error = object_store::Error::Generic {
            store: "S3",
            source: "refused".into(),
        };
        let Ok(StoreUrl::Bucket(store)) = "s3://bucket/x".parse() else {
            panic!("not a bucket");
        };
        let key = store.folder.version(&"v1".parse().unwrap());
        request_error(&error, Some(&response), &store, &key)
    }

    #[test]
    fn what_answers_mean() {
        assert!(matches!(meaning(404, "NoSuchKey"), RequestError::NotFound));
        assert!(matches!(meaning(412, ""), RequestError::Exists));
        let conflict = meaning(409, "ConditionalRequestConflict");
        assert!(matches!(conflict, RequestError::Temporary(_)));
        assert!(matches!(meaning(501, ""), RequestError::NotImplemented));
        assert!(matches!(
            meaning(503, "SlowDown"),
            RequestError::Temporary(_)
        ));
        assert!(matches!(
            meaning(403, "AccessDenied"),
            RequestError::Forbidden
        ));
        // Azure says with a 409 what S3 says with a 412.
        assert!(matches!(
            meaning(409, "BlobAlreadyExists"),
            RequestError::Exists
        ));
        let only_create = meaning(403, "UnauthorizedBlobOverwrite");
        assert!(matches!(only_create, RequestError::Exists));
        assert!(matches!(
            meaning(404, "BlobNotFound"),
            RequestError::NotFound
        ));
    }

    #[test]
    fn what_answers_end_a_run() {
        let end = |status, code| match meaning(status, code) {
            RequestError::Final(error) => *error,
            other => panic!("{other:?}"),
        };
        assert!(matches!(
            end(404, "NoSuchBucket"),
            StoreError::NoBucket { store } if store.bucket == "bucket"
        ));
        assert!(matches!(
            end(301, "PermanentRedirect"),
            StoreError::WrongRegion { region: Some(region), .. } if region == "eu-west-1"
        ));
        assert!(matches!(end(400, "ExpiredToken"), StoreError::Expired));
        assert!(matches!(
            end(403, "RequestTimeTooSkewed"),
            StoreError::ClockSkew
        ));
        assert!(matches!(
            end(403, "SignatureDoesNotMatch"),
            StoreError::InvalidCredentials(_)
        ));
        assert!(matches!(
            end(404, "ContainerNotFound"),
            StoreError::NoBucket { .. }
        ));
        assert!(matches!(
            end(403, "AuthenticationFailed"),
            StoreError::InvalidCredentials(_)
        ));
        assert!(matches!(end(418, ""), StoreError::Unexpected { .. }));
    }
}
