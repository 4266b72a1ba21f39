use super::*;

#[test]
fn detect() {
    let errors = [
        DetectError::Tie {
            framework: FrameworkName::Django,
            setting: "STATIC_ASSETS_MANAGE_PY",
            paths: vec!["one/manage.py".into(), "two/manage.py".into()],
        },
        DetectError::Tie {
            framework: FrameworkName::Phoenix,
            setting: "STATIC_ASSETS_PHOENIX_PATH",
            paths: vec!["admin".into(), "shop".into()],
        },
        DetectError::Both {
            django: "manage.py".to_owned(),
            phoenix: "web/mix.exs: shop (ShopWeb.Endpoint), Phoenix 1.7.21, assets/".to_owned(),
        },
        DetectError::NotFound(FrameworkName::Phoenix),
        DetectError::Missing {
            setting: "STATIC_ASSETS_MANAGE_PY",
            path: "src/manage.py".into(),
        },
        DetectError::NoEntry {
            evidence: "requirements.txt".to_owned(),
        },
        DetectError::Io(denied_io()),
    ];
    compare("detect", &errors.map(|error| error.explain()));
}
