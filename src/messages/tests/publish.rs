use super::*;

#[test]
fn publish() {
    let errors = [
        PublishError::NoFramework,
        PublishError::StoreInside("/workspace/dist/store".into()),
        PublishError::Install(InstallError::Leftover("/workspace/stats.json".into())),
        PublishError::Save(SaveError::Occupied("/etc/static-assets/prepared".into())),
        PublishError::Store(
            StoreError::Stalled,
            "s3://acme-static/shop (eu-west-1, key …Q7XA from AWS_*)".to_owned(),
        ),
    ];
    compare("publish", &errors.map(|error| error.explain()));
}
