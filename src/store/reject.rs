//! What a store's answer means: `object_store::Error` ends here.

use super::transport::{Asked, Refusal};
use super::{Denied, Rejected, StoreError};
use crate::prefix::{BucketUrl, Key};
use object_store::client::{HttpError, HttpErrorKind};
use std::error::Error;

/// One failed request.
#[derive(Debug)]
pub(super) enum Rejection {
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

pub(super) fn rejection(
    error: &object_store::Error,
    refusal: Option<&Refusal>,
    store: &BucketUrl,
    key: &Key,
) -> Rejection {
    if let Some(refusal) = refusal {
        return refused(refusal, store, key);
    }
    match error {
        object_store::Error::NotModified { .. } => Rejection::NotModified,
        object_store::Error::NotFound { .. } => Rejection::NotFound,
        error => match http_error(error) {
            Some(error) => of_transport(error, key),
            None => unexpected(key, kind_of(error).to_owned()),
        },
    }
}

/// What an answer other than success means.
pub(super) fn refused(refusal: &Refusal, store: &BucketUrl, key: &Key) -> Rejection {
    let code = refusal.code.as_str();
    if refusal.from == Asked::Identity {
        return refused_identity(refusal);
    }
    if let Some(meaning) = meaning_of_code(code, refusal, store) {
        return meaning;
    }
    match refusal.status {
        404 => Rejection::NotFound,
        412 => Rejection::Exists,
        403 => Rejection::Forbidden,
        401 => rejected(code),
        300..=399 if refusal.region.is_some() => wrong_region(refusal, store),
        300..=399 => unexpected(
            key,
            format!("{}: a redirect, which is not followed", said(refusal)),
        ),
        501 => Rejection::NotImplemented,
        // A 409 says nothing of what is there: another request for the same key was under way.
        408 | 409 | 429 | 500.. => Rejection::Temporary(said(refusal)),
        _ => unexpected(key, said(refusal)),
    }
}

/// Whoever gives tokens gave none.
fn refused_identity(refusal: &Refusal) -> Rejection {
    match (refusal.code.as_str(), refusal.status) {
        ("ExpiredToken" | "ExpiredTokenException" | "IDPCommunicationError", _) => {
            end(StoreError::Expired)
        }
        (_, 408 | 429 | 500..) => {
            Rejection::Temporary(format!("the token service answered {}", said(refusal)))
        }
        (code, _) => rejected(code),
    }
}

/// Codes that mean more than their status does: of S3, Azure and GCS.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>,
/// <https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes>,
/// <https://cloud.google.com/storage/docs/xml-api/reference-status>
fn meaning_of_code(code: &str, refusal: &Refusal, store: &BucketUrl) -> Option<Rejection> {
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
        | "IllegalLocationConstraintException" => Some(wrong_region(refusal, store)),
        // Azure's answer to a create says in so many words what is there, one by a signature that may only
        // create does it by refusing.
        "BlobAlreadyExists" | "UnauthorizedBlobOverwrite" | "BlobImmutableDueToPolicy" => {
            Some(Rejection::Exists)
        }
        "SlowDown" | "InternalError" | "ServiceUnavailable" | "RequestTimeout" | "ServerBusy"
        | "OperationTimedOut" => Some(Rejection::Temporary(said(refusal))),
        "NotImplemented" => Some(Rejection::NotImplemented),
        _ => None,
    }
}

fn end(error: StoreError) -> Rejection {
    Rejection::Final(Box::new(error))
}

fn rejected(code: &str) -> Rejection {
    end(StoreError::Rejected(Rejected {
        code: code.to_owned(),
    }))
}

fn unexpected(key: &Key, cause: String) -> Rejection {
    end(StoreError::Unexpected {
        key: key.clone(),
        cause,
    })
}

fn wrong_region(refusal: &Refusal, store: &BucketUrl) -> Rejection {
    end(StoreError::WrongRegion {
        bucket: store.bucket.clone(),
        region: refusal.region.clone(),
    })
}

fn said(refusal: &Refusal) -> String {
    format!("HTTP {} {}", refusal.status, refusal.code)
        .trim_end()
        .to_owned()
}

/// Connections that fail pass, but for names and certificates that don't.
fn of_transport(error: &HttpError, key: &Key) -> Rejection {
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
        Rejection::Temporary(cause)
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

/// What a caller that can do nothing about it makes of a rejection.
pub(super) fn ended(
    rejection: Rejection,
    action: &'static str,
    key: &Key,
    store: &BucketUrl,
) -> StoreError {
    let unexpected = |cause: &str| StoreError::Unexpected {
        key: key.clone(),
        cause: cause.to_owned(),
    };
    match rejection {
        Rejection::Final(error) => *error,
        Rejection::Forbidden => StoreError::Denied(Denied {
            action,
            key: key.clone(),
            store: store.clone(),
        }),
        Rejection::NotFound => unexpected("not found"),
        Rejection::Exists => unexpected("exists already"),
        Rejection::NotModified => unexpected("not modified"),
        Rejection::NotImplemented => unexpected("not implemented there"),
        Rejection::Temporary(cause) => unexpected(&cause),
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::prefix::StoreUrl;

    fn meaning(status: u16, code: &str) -> Rejection {
        let refusal = Refusal {
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
        rejection(&error, Some(&refusal), &store, &key)
    }

    #[test]
    fn what_answers_mean() {
        assert!(matches!(meaning(404, "NoSuchKey"), Rejection::NotFound));
        assert!(matches!(meaning(412, ""), Rejection::Exists));
        let conflict = meaning(409, "ConditionalRequestConflict");
        assert!(matches!(conflict, Rejection::Temporary(_)));
        assert!(matches!(meaning(501, ""), Rejection::NotImplemented));
        assert!(matches!(meaning(503, "SlowDown"), Rejection::Temporary(_)));
        assert!(matches!(meaning(403, "AccessDenied"), Rejection::Forbidden));
        // Azure says with a 409 what S3 says with a 412.
        assert!(matches!(
            meaning(409, "BlobAlreadyExists"),
            Rejection::Exists
        ));
        let only_create = meaning(403, "UnauthorizedBlobOverwrite");
        assert!(matches!(only_create, Rejection::Exists));
        assert!(matches!(meaning(404, "BlobNotFound"), Rejection::NotFound));
    }

    #[test]
    fn what_answers_end_a_run() {
        let end = |status, code| match meaning(status, code) {
            Rejection::Final(error) => *error,
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
            StoreError::Rejected(_)
        ));
        assert!(matches!(
            end(404, "ContainerNotFound"),
            StoreError::NoBucket { .. }
        ));
        assert!(matches!(
            end(403, "AuthenticationFailed"),
            StoreError::Rejected(_)
        ));
        assert!(matches!(end(418, ""), StoreError::Unexpected { .. }));
    }
}
