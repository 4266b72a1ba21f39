//! The digest of a Phoenix app's static files: what this build step does by itself, and what it takes from Mix or from a
//! build before.

use crate::harness::phoenix::MIX;
use crate::harness::{Platform, copy_folder, tree};
use fs_err as fs;
use serde_json::Value;
use std::os::unix::fs::symlink;
use std::path::Path;

const URL: &str = "https://static.example.com/shop";

fn manifest(platform: &Platform, path: &str) -> Value {
    serde_json::from_str(&platform.read(path)).unwrap()
}

/// Its `priv/static` is all there is to it.
fn static_only() -> Platform {
    Platform::with("phoenix_monorepo").file_store()
}

#[test]
fn priv_static_is_digested_without_elixir() {
    let platform = static_only();
    let ran = platform
        .build()
        .succeeds()
        .says(
            "- backend/mix.exs: shop (ShopWeb.Endpoint), Phoenix of unknown version, priv/static\n",
        )
        .says("Assets of shop: digest only (priv/static)")
        .says("digested 1 file without Mix")
        .says("a block was appended to backend/config/runtime.exs in the image")
        .says("config :shop, ShopWeb.Endpoint, static_url: [path: static_url]")
        .says("Fallback: full copy in backend/priv/static; STATIC_URL=/ serves from the app again");
    let version = ran.launch("STATIC_ASSETS_VERSION");
    assert_eq!(ran.launch("STATIC_URL"), format!("{URL}/{version}/"));
    let names = [
        "assets/app-c13ba1ae6cf2d43f4b98b95a8f6ba94c.css",
        "assets/app.css",
    ];
    let found = platform.published();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].starts_with("assets/app-") && found[1] == names[1],
        "{found:?}"
    );
    assert!(
        !found
            .iter()
            .any(|name| name.contains("manifest") || name.contains(".gz"))
    );
    let lines = platform.read("backend/config/runtime.exs");
    assert!(lines.contains(
        "static_url: static_assets_host.(:shop, ShopWeb.Endpoint) ++ [path: static_assets_url])"
    ));
    assert!(ran.layer_names() == ["env"], "{:?}", ran.layer_names());
}

#[test]
fn a_second_build_is_equal_and_uploads_nothing() {
    let (one, other) = (static_only(), static_only());
    one.build().succeeds();
    let ran = other.build().succeeds();
    assert_eq!(tree(&one.app()), tree(&other.app()));
    let manifest = manifest(&one, "backend/priv/static/cache_manifest.json");
    let digests = manifest["digests"].as_object().unwrap();
    // The first second of 1980, as Erlang counts.
    assert!(
        digests
            .values()
            .all(|digest| digest["mtime"] == 62_482_752_001_u64)
    );
    // Over the same app, which has the lines and the digest already.
    let version = ran.launch("STATIC_ASSETS_VERSION");
    let again = other.build().succeeds().says("unchanged: 0 uploaded");
    assert_eq!(again.launch("STATIC_ASSETS_VERSION"), version);
    assert_eq!(tree(&one.app()), tree(&other.app()));
}

#[test]
fn source_date_epoch_is_the_time_of_the_manifest() {
    let platform = static_only().env("SOURCE_DATE_EPOCH", "1000000000");
    platform.build().succeeds();
    let manifest = platform.read("backend/priv/static/cache_manifest.json");
    assert!(manifest.contains("\"mtime\":63167219200"), "{manifest}");
    platform
        .env("SOURCE_DATE_EPOCH", "yesterday")
        .build()
        .exits(1)
        .says("SOURCE_DATE_EPOCH is not a number of seconds: 'yesterday'");
}

#[test]
fn each_umbrella_app_has_its_own_manifest() {
    let platform = Platform::with("phoenix_umbrella").file_store();
    let ran = platform
        .build()
        .succeeds()
        .says("umbrella mix.exs: admin_web (AdminWeb.Endpoint), Phoenix 1.7.24, priv/static; shop_web (ShopWeb")
        .says("1 url(/…) in stylesheets made relative, so that they work under a prefix (assets/app.css)");
    let found = platform.published();
    assert!(
        found.contains(&"admin_web/assets/app.css".to_owned()),
        "{found:?}"
    );
    assert!(found.contains(&"shop_web/fonts/shop.woff2".to_owned()));
    assert!(
        !found
            .iter()
            .any(|name| name.starts_with("api_web") || name.contains("manifest"))
    );
    let lines = platform.read("config/runtime.exs");
    for line in [
        "static_url: static_assets_host.(:admin_web, AdminWeb.Endpoint) ++ [path: static_assets_url <> \"/admin_web\"])",
        "static_url: static_assets_host.(:shop_web, ShopWeb.Endpoint) ++ [path: static_assets_url <> \"/shop_web\"])",
    ] {
        assert!(lines.contains(line), "{lines}");
    }
    let css = platform.read("apps/shop_web/priv/static/assets/app.css");
    assert!(css.contains("url(\"../fonts/shop.woff2\")"), "{css}");
    let own = "config :shop_web, ShopWeb.Endpoint, static_url: [path: static_url <> \"/shop_web\"]";
    ran.says(own);
}

#[test]
fn a_digest_that_did_nothing_ends_the_build() {
    for script in [
        "exit 0",
        "echo 'The input path \"priv/static\" does not exist' >&2",
    ] {
        let platform = Platform::with("phoenix_1_8")
            .file_store()
            .stand_in("mix", script);
        platform
            .build()
            .exits(1)
            .says("[Error: static assets: The asset pipeline left no new priv/static/cache_manifest.json]")
            .says("wrote no manifest with files in it");
        assert!(tree(&platform.store()).is_empty());
    }
    // An old one is no new one.
    let platform = Platform::with("phoenix_1_8")
        .file_store()
        .stand_in("mix", "exit 0");
    platform.write(
        "priv/static/cache_manifest.json",
        "{\"version\":1,\"latest\":{\"a\":\"b\"},\"digests\":{}}",
    );
    platform.build().exits(1).says("left no new");
    // Where this build step asks for the digest itself, too.
    let platform = Platform::with("phoenix_monorepo")
        .file_store()
        .stand_in("mix", "exit 0");
    platform.build().exits(1).says("left no new");
    assert_eq!(platform.calls(), ["/backend mix phx.digest"]);
}

#[test]
fn prebuilt_assets_are_published_unchanged() {
    let platform = static_only();
    platform.build().succeeds();
    let prebuilt = platform.app();
    let again = Platform::with("phoenix_monorepo").file_store();
    copy_folder(
        &prebuilt.join("backend/priv"),
        &again.app().join("backend/priv"),
    );
    let again = again.env("STATIC_ASSETS_PREBUILT", "1");
    again
        .build()
        .succeeds()
        .says("digested before (STATIC_ASSETS_PREBUILT)");
    assert_eq!(again.published(), platform.published());

    again.write("backend/priv/static/assets/app.css", "changed since");
    again
        .build()
        .exits(1)
        .says("[Error: static assets: STATIC_ASSETS_PREBUILT=1, but backend/priv/static/assets/app.css changed after the digest]");
    fs::remove_file(again.app().join("backend/priv/static/cache_manifest.json")).unwrap();
    again
        .build()
        .exits(1)
        .says("[Error: static assets: STATIC_ASSETS_PREBUILT=1, but backend/priv/static/cache_manifest.json is missing");
}

#[test]
fn a_manifest_that_nothing_writes_ends_the_build() {
    let platform = static_only();
    platform.write(
        "backend/config/prod.exs",
        "import Config\nconfig :shop, ShopWeb.Endpoint,\n  cache_static_manifest: \"priv/static/manifest.json\"\n",
    );
    platform
        .build()
        .exits(1)
        .says("[Error: static assets: cache_static_manifest names a missing file: priv/static/manifest.json]")
        .says("backend/config/prod.exs:3 makes Phoenix read")
        .says("cache_static_manifest: \"priv/static/cache_manifest.json\"");
}

#[test]
fn a_custom_digest_option_is_kept() {
    let platform = Platform::with("phoenix_1_8")
        .file_store()
        .stand_in("mix", MIX);
    platform.edit("mix.exs", "\"phx.digest\"", "\"phx.digest --no-vsn\"");
    platform.edit("assets/css/app.css", "h1", "h2");
    let css = "printf 'h1 { background: url(/images/logo.svg) }' > priv/static/assets/css/app.css";
    let script = MIX.replace(
        "printf 'h1 { color: red }' > priv/static/assets/css/app.css",
        css,
    );
    let platform = platform.stand_in("mix", &script);
    platform
        .build()
        .succeeds()
        .says("digested by mix phx.digest --no-vsn");
    assert_eq!(platform.calls().last().unwrap(), " mix phx.digest --no-vsn");
}

type Plant = fn(&Path, &Path);

/// Nothing outside of the app is written, published or waited for.
#[test]
fn links_and_pipes_end_the_build() {
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("theme.css");
    fs::write(&file, "a{b:url(/assets/app.css)}").unwrap();
    let plants: [(&str, Plant); 5] = [
        ("theme.css", |outside, statics| {
            symlink(outside.join("theme.css"), statics.join("theme.css")).unwrap();
        }),
        ("uploads", |outside, statics| {
            symlink(outside, statics.join("uploads")).unwrap();
        }),
        ("broken.css", |_, statics| {
            symlink("nowhere", statics.join("broken.css")).unwrap();
        }),
        ("pipe.css", |_, statics| {
            let made = std::process::Command::new("mkfifo")
                .arg(statics.join("pipe.css"))
                .status();
            assert!(made.unwrap().success());
        }),
        ("again", |_, statics| {
            symlink(".", statics.join("again")).unwrap();
        }),
    ];
    for (name, plant) in plants {
        let platform = static_only();
        plant(outside.path(), &platform.app().join("backend/priv/static"));
        let before = tree(&platform.app().join("backend/config"));
        platform.build().exits(1).says(name);
        assert_eq!(tree(&platform.app().join("backend/config")), before);
        assert!(tree(&platform.store()).is_empty());
    }
    assert_eq!(tree(outside.path()).len(), 1);
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        "a{b:url(/assets/app.css)}"
    );

    let platform = static_only();
    let statics = platform.app().join("backend/priv/static");
    fs::remove_dir_all(&statics).unwrap();
    symlink(outside.path(), &statics).unwrap();
    platform
        .build()
        .exits(1)
        .says("[Error: static assets: backend/priv/static leads out of the app to ");
}

#[test]
fn a_hard_link_of_a_file_is_not_changed() {
    let platform = static_only();
    let shared = platform.path("shared");
    fs::create_dir_all(&shared).unwrap();
    platform.write(
        "backend/priv/static/assets/b.css",
        "a{b:url(/assets/app.css)}",
    );
    for path in ["priv/static/assets/b.css", "config/runtime.exs"] {
        let name = path.rsplit('/').next().unwrap();
        fs::hard_link(platform.app().join("backend").join(path), shared.join(name)).unwrap();
    }
    let before = tree(&shared);
    platform
        .build()
        .succeeds()
        .says("1 url(/…) in stylesheets made relative");
    assert_eq!(tree(&shared), before);
}

#[test]
fn a_hostile_manifest_reaches_no_other_file() {
    let victim = tempfile::NamedTempFile::new().unwrap();
    for name in [victim.path().to_str().unwrap(), "", "../../mix.exs", ".."] {
        let manifest = format!(
            r#"{{"version":1,"latest":{{"assets/t.css":"{name}"}},"digests":{{"../../mix.exs":{{"digest":"x","logical_path":"a","mtime":1,"size":1}}}}}}"#
        );
        let platform = static_only().tools();
        platform.write("hostile.json", &manifest);
        platform.write(
            "backend/priv/static/assets/t.css",
            "a{b:url(/assets/app.css)}",
        );
        let platform = platform.env(
            "STATIC_ASSETS_COMPILE_COMMAND",
            "cp ../hostile.json priv/static/cache_manifest.json",
        );
        platform.build().succeeds();
        assert!(victim.path().exists() && platform.app().join("backend/mix.exs").exists());
        assert!(
            !platform
                .read("backend/priv/static/cache_manifest.json")
                .contains("mix.exs")
        );
        platform.write("backend/priv/static/cache_manifest.json", &manifest);
        platform
            .env("STATIC_ASSETS_PREBUILT", "1")
            .env("STATIC_ASSETS_COMPILE_COMMAND", "")
            .build()
            .exits(1)
            .says("STATIC_ASSETS_PREBUILT=1, but");
    }
    let platform = static_only();
    platform.write("backend/priv/static/cache_manifest.json", "{");
    platform
        .build()
        .exits(1)
        .says("[Error: static assets: cache_manifest.json is not a manifest of a digest]")
        .says("mix phx.digest.clean --all");
}

#[test]
fn prebuilt_stylesheets_become_relative() {
    let first = static_only();
    first.write("backend/priv/static/fonts/a.woff2", "font");
    first.build().succeeds();
    let platform = static_only().env("STATIC_ASSETS_PREBUILT", "1");
    let statics = "backend/priv/static";
    copy_folder(&first.app().join(statics), &platform.app().join(statics));
    // As another digest leaves it, which knows of no prefix.
    let css = "a{b:url(/fonts/a.woff2)}";
    let old = manifest(&platform, &format!("{statics}/cache_manifest.json"));
    let old = old["latest"]["assets/app.css"].as_str().unwrap().to_owned();
    fs::remove_file(platform.app().join(statics).join(&old)).unwrap();
    let digested = "assets/app-b68d1d4b28c4e4ed9ee6dbd6b0b0c9e2.css";
    platform.write(&format!("{statics}/assets/app.css"), css);
    platform.write(&format!("{statics}/{digested}"), css);
    let text = platform.read(&format!("{statics}/cache_manifest.json"));
    let md5 = &old["assets/app-".len()..old.len() - ".css".len()];
    let text = text.replace(md5, &md5_of(css));
    let name = format!("assets/app-{}.css", md5_of(css));
    fs::rename(
        platform.app().join(statics).join(digested),
        platform.app().join(statics).join(&name),
    )
    .unwrap();
    platform.write(&format!("{statics}/cache_manifest.json"), &text);
    platform
        .build()
        .succeeds()
        .says("1 url(/…) in stylesheets made relative");
    assert!(!platform.published().contains(&name));
    assert!(
        platform
            .read(&format!("{statics}/assets/app.css"))
            .contains("url(../fonts/a.woff2)")
    );
}

fn md5_of(text: &str) -> String {
    use md5::Digest;
    let digest = md5::Md5::digest(text.as_bytes());
    let bytes: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.concat()
}
