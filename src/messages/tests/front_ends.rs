use super::*;

#[test]
fn front_ends() {
    let file = std::path::PathBuf::from("/etc/static-assets/prepared/prepared.json");
    let malformed = |cause| DeferredError::Malformed(file.clone(), cause);
    let pin = || Path::new("/etc/static-assets/pin.env").to_owned();
    let messages = [
        DeferredError::Missing("/etc/static-assets/prepared".into()).explain(),
        DeferredError::CompressedForDirectory.explain().in_release(),
        DeferredError::Changed("web/app.css".to_owned())
            .explain()
            .in_release(),
        malformed(MalformedCause::Unreadable(UnreadableMarker::NotJson(
            serde_json::from_str::<bool>("{").unwrap_err(),
        )))
        .explain(),
        malformed(MalformedCause::Unreadable(UnreadableMarker::UnknownSchema(
            2,
        )))
        .explain(),
        ExecError::NoPin(pin()).explain().alone(),
        ExecError::NotStarted("gunicorn".into(), io::ErrorKind::NotFound.into())
            .explain()
            .alone(),
        PublishError::NoStore.explain().in_release(),
        FileError::PinNotWritten(pin(), denied_io()).explain(),
        HerokuError::Link("/tmp/build_1/.profile.d".into()).explain(),
        UsageError::NothingToExec.in_command("exec").explain(),
        UsageError::NowhereToSave.in_command("publish").explain(),
    ];
    compare("front_ends", &messages);
}
