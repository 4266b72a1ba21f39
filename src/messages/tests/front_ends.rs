use super::*;

#[test]
fn front_ends() {
    let folder = || Path::new("/etc/static-assets/prepared").to_owned();
    let malformed = |cause| {
        PublishError::Deferred(DeferredError::Malformed {
            file: folder().join("prepared.json"),
            cause,
        })
        .explain()
    };
    let prepared = |error| PublishError::Deferred(error).explain();
    let pin = || Path::new("/etc/static-assets/pin.env").to_owned();
    let mut messages = vec![
        prepared(DeferredError::Missing { folder: folder() }),
        prepared(DeferredError::Changed {
            path: "web/app.css".to_owned(),
        }),
        prepared(DeferredError::Io(denied_io())),
        malformed(Malformed::Json(
            serde_json::from_str::<bool>("{").unwrap_err(),
        )),
        malformed(Malformed::Schema(2)),
        malformed(Malformed::PublicUrl),
        malformed(Malformed::Version),
        ExecError::NoPin { file: pin() }.explain().alone(),
        ExecError::UnreadablePin {
            file: pin(),
            error: denied_io(),
        }
        .explain()
        .alone(),
        ExecError::NotStarted {
            program: "gunicorn".into(),
            error: io::Error::from(io::ErrorKind::NotFound),
        }
        .explain()
        .alone(),
        PublishError::Occupied(folder()).explain(),
        HerokuError::Link("/tmp/build_1/.profile.d".into()).explain(),
        prepared(DeferredError::Changed {
            path: "web/app.css".to_owned(),
        })
        .in_release(),
        PublishError::NoStore.explain().in_release(),
        FileError::PinNotWritten {
            file: pin(),
            error: denied_io(),
        }
        .explain(),
        HerokuError::Usage.explain(),
        HerokuError::BuildDir(denied_io()).explain(),
        HerokuError::EnvDir(denied_io()).explain(),
        HerokuError::NotWritten(denied_io()).explain(),
    ];
    let usage = [
        UsageError::NothingToExec,
        UsageError::NowhereToSave,
        UsageError::PinOfPrepared,
        UsageError::PinInside,
        UsageError::PinPath,
    ];
    messages.extend(usage.iter().map(Explain::explain));
    compare("front_ends", &messages);
}
