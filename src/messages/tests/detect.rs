use super::*;

#[test]
fn detect() {
    let tie = |framework, setting, paths: [&str; 2]| DetectError::Tie {
        framework,
        setting,
        paths: paths.map(Into::into).to_vec(),
    };
    let errors = [
        tie(
            FrameworkName::Django,
            "STATIC_ASSETS_MANAGE_PY",
            ["one/manage.py", "two/manage.py"],
        ),
        tie(
            FrameworkName::Phoenix,
            "STATIC_ASSETS_PHOENIX_PATH",
            ["admin", "shop"],
        ),
        DetectError::Both {
            django: "manage.py".to_owned(),
            phoenix: "web/mix.exs: shop (ShopWeb.Endpoint), Phoenix 1.7.21, assets/".to_owned(),
        },
        DetectError::NotFound(FrameworkName::Phoenix),
        DetectError::Missing {
            setting: "STATIC_ASSETS_MANAGE_PY",
            path: "src/manage.py".into(),
        },
    ];
    compare("detect", &errors.map(|error| error.explain()));
}
