//! `bin/detect`: it exits with 0 or 100, logs what it found, and writes a plan that every Python buildpack can meet.

use crate::harness::{Platform, repository};
use fs_err as fs;
use std::os::unix::fs::symlink;

#[test]
fn every_django_fixture_passes() {
    for entry in fs::read_dir(repository().join("fixtures")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.starts_with("django_") {
            continue;
        }
        let platform = Platform::with(&name);
        let platform = if name == "django_no_manage" {
            platform.platform_env("DJANGO_SETTINGS_MODULE", "project.settings")
        } else {
            platform
        };
        platform.detect().succeeds().says("- Django");
    }
}

#[test]
fn every_phoenix_fixture_passes() {
    for (fixture, logged) in [
        (
            "phoenix_1_4",
            "- mix.exs: shop (ShopWeb.Endpoint), Phoenix 1.4.18, assets/\n",
        ),
        (
            "phoenix_1_5",
            "- mix.exs: shop (ShopWeb.Endpoint), Phoenix 1.5.15, assets/\n",
        ),
        (
            "phoenix_1_6",
            "- mix.exs: shop (ShopWeb.Endpoint), Phoenix 1.6.16, alias assets.deploy\n",
        ),
        (
            "phoenix_1_7",
            "- mix.exs: shop (ShopWeb.Endpoint), Phoenix 1.7.24, alias assets.deploy\n",
        ),
        (
            "phoenix_1_8",
            "- mix.exs: shop (ShopWeb.Endpoint), Phoenix 1.8.12, alias assets.deploy\n",
        ),
        (
            "phoenix_umbrella",
            "- umbrella mix.exs: admin_web (AdminWeb.Endpoint), Phoenix 1.7.24, priv/static; shop_web \
             (ShopWeb.Endpoint), Phoenix 1.7.24, priv/static\n",
        ),
        (
            "phoenix_monorepo",
            "- backend/mix.exs: shop (ShopWeb.Endpoint), Phoenix of unknown version, priv/static\n",
        ),
    ] {
        Platform::with(fixture).detect().succeeds().says(logged);
    }
    Platform::with("phoenix_1_4")
        .detect()
        .succeeds()
        .says("- Assets of shop: ")
        .says("package.json");
    Platform::with("phoenix_1_8")
        .detect()
        .succeeds()
        .says("- Assets of shop: mix assets.deploy ");
}

#[test]
fn several_phoenix_projects_pass_without_requiring_python() {
    let platform = Platform::with("phoenix_monorepo");
    crate::harness::copy_folder(
        &platform.app().join("backend"),
        &platform.app().join("other"),
    );
    platform
        .detect()
        .succeeds()
        .says("more than one Phoenix project");
    assert!(!platform.plan().contains("cpython") && platform.plan().contains("elixir"));
    platform
        .file_store()
        .build()
        .exits(1)
        .says("STATIC_ASSETS_PHOENIX_PATH=backend");
}

#[test]
fn an_api_without_assets_is_declined() {
    let platform = Platform::with("phoenix_umbrella");
    for app in ["admin_web", "shop_web"] {
        fs::remove_dir_all(platform.app().join("apps").join(app)).unwrap();
    }
    platform
        .detect()
        .exits(100)
        .says("mix.exs")
        .says("priv/static");
}

#[test]
fn the_plan_requires_elixir_and_node_if_provided() {
    let platform = Platform::with("phoenix_1_8");
    platform.detect().succeeds();
    let plan = platform.plan();
    let names = |plan: &str| -> Vec<String> {
        let lines = plan.lines().filter(|line| line.starts_with("name = "));
        lines
            .map(|line| {
                line.trim_start_matches("name = ")
                    .trim_matches('"')
                    .to_owned()
            })
            .collect()
    };
    assert_eq!(
        names(&plan),
        ["elixir", "erlang", "elixir", "otp"],
        "{plan}"
    );
    // The last alternative requires nothing.
    assert!(plan.trim_end().ends_with("[[or]]"), "{plan}");

    let platform = Platform::with("phoenix_1_4");
    platform.detect().succeeds();
    let plan = platform.plan();
    assert_eq!(
        names(&plan),
        [
            "elixir", "erlang", "node", "elixir", "erlang", "elixir", "otp", "node", "elixir",
            "otp", "node"
        ],
        "{plan}"
    );
    let node = plan
        .split("name = \"node\"")
        .nth(1)
        .unwrap()
        .split("[[")
        .next()
        .unwrap();
    assert!(
        node.contains("build = true") && !node.contains("launch"),
        "{node}"
    );
}

#[test]
fn apps_of_other_frameworks_are_declined() {
    for files in [
        vec![],
        vec![("package.json", "{}")],
        vec![("mix.exs", "defmodule Shop.MixProject do end")],
        vec![("manage.py", "from flask_script import Manager")],
        vec![("tests/manage.py", "import django")],
    ] {
        let platform = Platform::empty();
        for (path, content) in files {
            platform.write(path, content);
        }
        platform
            .detect()
            .exits(100)
            .says("manage.py")
            .says("DJANGO_SETTINGS_MODULE");
    }
}

#[test]
fn the_log_names_the_manage_py_found() {
    for path in ["manage.py", "src/manage.py", "src/backend/manage.py"] {
        let platform = Platform::empty();
        platform.write(path, "import django");
        platform
            .detect()
            .succeeds()
            .says(&format!("- Django: {path}\n"));
    }
}

#[test]
fn a_symlinked_manage_py_is_found() {
    let platform = Platform::empty();
    platform.write("backend/manage.py", "import django");
    symlink("backend/manage.py", platform.app().join("manage.py")).unwrap();
    platform.detect().succeeds().says("Django: manage.py");
}

#[test]
fn several_manage_py_pass_and_the_build_fails() {
    let platform = Platform::empty().file_store();
    platform.write("one/manage.py", "import django");
    platform.write("two/manage.py", "import django");
    platform.detect().succeeds();
    platform
        .build()
        .exits(1)
        .says("one/manage.py")
        .says("two/manage.py")
        .says("STATIC_ASSETS_MANAGE_PY=one/manage.py");
}

#[test]
fn invalid_settings_pass_and_the_build_fails() {
    let platform = Platform::with("django_basic").env("STATIC_ASSETS_STORE", "nonsense");
    platform.detect().succeeds();
    platform
        .build()
        .exits(1)
        .says("STATIC_ASSETS_STORE")
        .says("'nonsense'")
        .says("s3://bucket/prefix");
}

#[test]
fn one_invalid_setting_does_not_hide_the_others() {
    let platform = Platform::empty()
        .env("STATIC_ASSETS_STORE", "nonsense")
        .env("DJANGO_SETTINGS_MODULE", "shop.settings");
    platform.detect().succeeds().says("Django: shop.settings");
    platform.write("project.toml", "a = ");
    platform.detect().succeeds();
}

#[test]
fn the_plan_requires_python_if_provided() {
    let platform = Platform::with("django_basic");
    platform.detect().succeeds();
    let plan: toml::Table = platform.plan().parse().unwrap();
    let names = |table: &toml::Table| -> Vec<String> {
        table
            .get("requires")
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten()
            .map(|require| require["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut alternatives = vec![names(&plan)];
    for alternative in plan["or"].as_array().unwrap() {
        alternatives.push(names(alternative.as_table().unwrap()));
    }
    assert_eq!(
        alternatives,
        [
            vec!["cpython", "site-packages"],
            vec!["cpython", "poetry-venv"],
            vec!["cpython", "uv-environment"],
            vec![],
        ]
    );
}
