use super::*;

#[test]
fn publish() {
    let errors = [
        PublishError::NoFramework,
        PublishError::StoreInside("/workspace/dist/store".into()),
        PublishError::Leftover("/workspace/stats.json".into()),
        PublishError::Install(denied_io()),
        PublishError::Detect(DetectError::NoEntry {
            evidence: "uv.lock".to_owned(),
        }),
        PublishError::Compile(CompileError::Django(DjangoError::NoPython {
            path: "/bin".to_owned(),
        })),
        PublishError::Release(ReleaseError::Scan(ScanError::Empty)),
        PublishError::Store {
            error: StoreError::Stalled,
            asked: "s3://acme-static/shop (eu-west-1, key …Q7XA from AWS_*)".to_owned(),
        },
    ];
    compare("publish", &errors.map(|error| error.explain()));
}
