use super::*;

#[test]
fn doors() {
    let folder = || Path::new("/etc/static-assets/prepared").to_owned();
    let malformed = |cause| {
        PublishError::Prepared(DeferredError::Malformed {
            file: folder().join("prepared.json"),
            cause,
        })
        .explain()
    };
    let prepared = |error| PublishError::Prepared(error).explain();
    let pin = || Path::new("/etc/static-assets/pin.env").to_owned();
    let mut messages = vec![
        prepared(DeferredError::Missing { folder: folder() }),
        prepared(DeferredError::Changed {
            path: "web/app.css".to_owned(),
        }),
        prepared(DeferredError::Io(denied_io())),
        malformed(MalformedCause::Json(
            serde_json::from_str::<bool>("{").unwrap_err(),
        )),
        malformed(MalformedCause::Schema(2)),
        malformed(MalformedCause::PublicUrl),
        malformed(MalformedCause::Version),
        ExecError::NoPin { file: pin() }.explain().alone(),
        ExecError::Pin {
            file: pin(),
            error: denied_io(),
        }
        .explain()
        .alone(),
        ExecError::Command {
            program: "gunicorn".into(),
            error: io::Error::from(io::ErrorKind::NotFound),
        }
        .explain()
        .alone(),
        PublishError::Occupied(folder()).explain(),
        ClassicError::Link("/tmp/build_1/.profile.d".into()).explain(),
        prepared(DeferredError::Changed {
            path: "web/app.css".to_owned(),
        })
        .in_release(),
        PublishError::NoStore.explain().in_release(),
        crate::messages::pin_file_message(&pin(), &denied_io()),
        ClassicError::Usage.explain(),
        ClassicError::BuildDir(denied_io()).explain(),
        ClassicError::EnvDir(denied_io()).explain(),
        ClassicError::NotWritten(denied_io()).explain(),
    ];
    let usage = [
        UsageError::NothingToExec,
        UsageError::NowhereToKeep,
        UsageError::PinOfPrepared,
        UsageError::PinInside,
        UsageError::PinPath,
    ];
    messages.extend(usage.iter().map(Explain::explain));
    compare("doors", &messages);
}
