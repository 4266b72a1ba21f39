//! What a store's answer means: `object_store::Error` ends here.

use super::transport::Refusal;
use super::{Denied, Rejected, StoreError};
use crate::prefix::{Key, StoreUrl};
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
    store: &StoreUrl,
    key: &Key,
) -> Rejection {
    let Some(refusal) = refusal else {
        return match error {
            object_store::Error::NotModified { .. } => Rejection::NotModified,
            object_store::Error::NotFound { .. } => Rejection::NotFound,
            error => match http_error(error) {
                Some(error) => of_transport(error, key),
                None => unexpected(key, kind_of(error).to_owned()),
            },
        };
    };
    let code = refusal.code.as_str();
    if let Some(meaning) = meaning_of_code(code, refusal, store) {
        return meaning;
    }
    match refusal.status {
        404 => Rejection::NotFound,
        412 => Rejection::Exists,
        403 => Rejection::Forbidden,
        401 => rejected(code),
        300..=399 => wrong_region(refusal, store),
        501 => Rejection::NotImplemented,
        // A 409 says nothing of what is there: another request for the same key was under way.
        408 | 409 | 429 | 500.. => Rejection::Temporary(said(refusal)),
        _ => unexpected(key, said(refusal)),
    }
}

/// Codes that mean more than their status does.
fn meaning_of_code(code: &str, refusal: &Refusal, store: &StoreUrl) -> Option<Rejection> {
    match code {
        "NoSuchBucket" => Some(end(StoreError::NoBucket {
            bucket: bucket_of(store),
        })),
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => {
            Some(end(StoreError::Expired))
        }
        "RequestTimeTooSkewed" => Some(end(StoreError::ClockSkew)),
        "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken" | "InvalidSecurity" => {
            Some(rejected(code))
        }
        "PermanentRedirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException" => Some(wrong_region(refusal, store)),
        "SlowDown" | "InternalError" | "ServiceUnavailable" | "RequestTimeout" => {
            Some(Rejection::Temporary(said(refusal)))
        }
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

fn wrong_region(refusal: &Refusal, store: &StoreUrl) -> Rejection {
    end(StoreError::WrongRegion {
        bucket: bucket_of(store),
        region: refusal.region.clone(),
    })
}

fn bucket_of(store: &StoreUrl) -> String {
    match store {
        StoreUrl::S3 { bucket, .. } => bucket.clone(),
        StoreUrl::File { root } => root.display().to_string(),
    }
}

fn said(refusal: &Refusal) -> String {
    format!("HTTP {} {}", refusal.status, refusal.code)
        .trim_end()
        .to_owned()
}

/// Connections that fail pass, but for names and certificates that don't.
fn of_transport(error: &HttpError, key: &Key) -> Rejection {
    let cause = root_cause(error);
    let is_lasting = ["certificate", "not the store", "invalid URL"]
        .iter()
        .any(|sign| cause.contains(sign));
    match error.kind() {
        _ if is_lasting => unexpected(key, cause),
        HttpErrorKind::Decode | HttpErrorKind::Unknown => unexpected(key, cause),
        _ => Rejection::Temporary(cause),
    }
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

pub(super) fn denied(action: &'static str, key: &Key, store: &StoreUrl) -> StoreError {
    StoreError::Denied(Denied {
        action,
        key: key.clone(),
        store: store.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(status: u16, code: &str) -> Rejection {
        let refusal = Refusal {
            status,
            code: code.to_owned(),
            region: Some("eu-west-1".to_owned()),
            retry_after: None,
        };
        let error = object_store::Error::Generic {
            store: "S3",
            source: "refused".into(),
        };
        let store = "s3://bucket/x".parse().unwrap();
        let key = crate::prefix::Folder::default().version(&"v1".parse().unwrap());
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
    }

    #[test]
    fn what_answers_end_a_run() {
        let end = |status, code| match meaning(status, code) {
            Rejection::Final(error) => *error,
            other => panic!("{other:?}"),
        };
        assert!(matches!(
            end(404, "NoSuchBucket"),
            StoreError::NoBucket { bucket } if bucket == "bucket"
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
        assert!(matches!(end(418, ""), StoreError::Unexpected { .. }));
    }
}
