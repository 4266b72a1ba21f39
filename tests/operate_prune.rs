//! What operators delete from a store: prune and discard.

use crate::harness::http::Answer;
use crate::harness::{server, tree};
use crate::operate::{days_pass, five_versions, publish, store, versions};
use fs_err as fs;
use serde_json::Value;

#[test]
fn a_prune_shows_its_plan_and_deletes_only_when_told_to() {
    let platform = five_versions();
    platform
        .cli(&["prune"])
        .exits(0)
        .says("keep  v5")
        .says("last of default, recent")
        .says("Nothing to delete")
        .says("Policy: the last 10 of each group (default), what was built within 30 days (default), pins.");
    days_pass(&platform, 30);
    let before = tree(&platform.store());
    let plan = ["prune", "--keep-last", "3", "--json"];
    let json = platform.cli(&plan).exits(0).json();
    assert_eq!(versions(&json, "keep"), ["v5", "v4", "v3"]);
    assert_eq!(versions(&json, "delete"), ["v2", "v1"]);
    assert_eq!(json["applied"], false);
    assert_eq!(tree(&platform.store()), before);

    // The policy of project.toml, and what is pinned.
    platform.cli(&["pin", "v1", "--reason", "audit"]).exits(0);
    platform.write(
        "project.toml",
        "[io.github.static-assets]\nkeep-last = \"3\"\n",
    );
    platform
        .cli(&["prune"])
        .exits(0)
        .says("the last 3 of each group (project.toml)");
    platform
        .cli_with(&["prune"], &[("STATIC_ASSETS_KEEPLAST", "9")])
        .exits(0)
        .says("STATIC_ASSETS_KEEP_LAST");
    let applied = platform.cli(&["prune", "--apply"]).exits(0);
    let applied = applied
        .says("v2: deleted, 1 file")
        .says("Deleted: 1 version, 1 file");
    assert!(
        applied.stdout().contains("pinned: manual"),
        "{}",
        applied.stdout()
    );
    assert!(!platform.store().join("v2").exists());
    for version in ["v1", "v3", "v4", "v5"] {
        platform.cli(&["verify", version, "--read"]).exits(0);
    }
    platform
        .cli(&["prune", "--apply"])
        .exits(0)
        .says("Nothing to delete");

    // The name accepts only its old content.
    platform.write("dist/app.css", "a { order: 2 }");
    let platform = publish(platform, "v2");
    platform.cli(&["verify", "v2", "--read"]).exits(0);
    platform.cli(&["unpin", "v1"]).exits(0);
    platform
        .cli(&["prune", "--apply"])
        .exits(0)
        .says("v1: deleted");
    platform.write("dist/app.css", "another {}");
    platform
        .env("RELEASE_VERSION", "v1")
        .cli(&["publish", "--dir", "dist"])
        .exits(11)
        .says("v1 was pruned with other content");
}

#[test]
fn a_prune_of_more_than_half_must_be_forced() {
    let platform = five_versions();
    days_pass(&platform, 40);
    let before = tree(&platform.store());
    let run = ["prune", "--keep-last", "2"];
    platform.cli(&run).exits(0).says("it also needs --force");
    let apply = [&run[..], &["--apply"]].concat();
    platform
        .cli(&apply)
        .exits(13)
        .says("This would delete 3 of 5 versions");
    assert_eq!(tree(&platform.store()), before);
    platform.cli(&[&apply[..], &["--force"]].concat()).exits(0);
    assert_eq!(
        versions(&platform.cli(&["prune", "--json"]).exits(0).json(), "keep"),
        ["v5", "v4"]
    );
    platform
        .cli(&["prune", "--keep-last", "0", "--keep-within", "23h"])
        .exits(2)
        .says("STATIC_ASSETS_KEEP_LAST can't be '0' (--keep-last)")
        .says("STATIC_ASSETS_KEEP_WITHIN can't be '23h' (--keep-within)");
    platform
        .cli(&["prune", "--force"])
        .exits(2)
        .says("--force belongs to --apply");
}

#[test]
fn what_is_in_use_is_kept() {
    let platform = five_versions();
    days_pass(&platform, 40);
    let page = server::serve(|request| match request.target.as_str() {
        "/" => Answer::of(
            200,
            b"<link href=https://cdn.example.com/shop/v1/app.css>".to_vec(),
        ),
        "/other" => Answer::of(200, b"<p>v1x".to_vec()),
        _ => Answer::of(404, Vec::new()),
    });
    let prune = |url: &str| {
        let run = ["prune", "--keep-last", "1", "--in-use", url, "--json"];
        platform.cli(&run)
    };
    let json = prune(&format!("{page}/")).exits(0).json();
    assert_eq!(versions(&json, "keep"), ["v5", "v1"]);
    assert_eq!(json["keep"][1]["reasons"][0], "in use");
    prune(&format!("{page}/other"))
        .exits(2)
        .says("The page links to no version of this store");
    prune(&format!("{page}/missing"))
        .exits(2)
        .says("The page answers with 404");
    prune("http://127.0.0.1:1/")
        .exits(5)
        .says("nothing listens there");
    prune("shop.example.com").exits(2).says("--in-use can't be");

    let piped = |text: &str| {
        let run = "\"$0\" prune --keep-last 1 --in-use - --json < in-use";
        platform.write("in-use", text);
        let output = platform.shell(run).output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), log, output.stdout)
    };
    let labels = "{\"static-assets.version\":\"v2\"}\nno version here\nhttps://x/v3/a.css\n";
    let (code, log, json) = piped(labels);
    assert_eq!(code, Some(0), "{log}");
    assert!(
        log.contains("Names no version of this store: no version here"),
        "{log}"
    );
    let json: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(versions(&json, "keep"), ["v5", "v3", "v2"]);
    let (code, log, _) = piped("");
    assert_eq!(code, Some(2));
    assert!(
        log.contains("Standard input names no version of this store"),
        "{log}"
    );
}

#[test]
fn a_prune_that_was_stopped_holds_up_the_next_one_for_an_hour() {
    let platform = five_versions();
    days_pass(&platform, 40);
    let leases = platform.store().join(".static-assets/leases");
    fs::create_dir_all(&leases).unwrap();
    fs::write(leases.join("0123456789abcdef.json"), "{\"schema\":1}\n").unwrap();
    platform
        .cli(&["prune", "--keep-last", "3", "--apply"])
        .exits(5)
        .says("Another prune runs, or has just run")
        .says("Run again after 20");
    assert_eq!(fs::read_dir(&leases).unwrap().count(), 1);
    days_pass(&platform, 2);
    platform
        .cli(&["prune", "--keep-last", "3", "--apply"])
        .exits(0);
    assert_eq!(fs::read_dir(&leases).unwrap().count(), 0);
}

#[test]
fn a_version_that_was_begun_is_discarded() {
    let platform = store();
    let marker = platform.store().join(".static-assets/versions/v1.json");
    platform
        .cli(&["discard", "v1"])
        .exits(13)
        .says("v1 is published");
    fs::remove_file(&marker).unwrap();
    platform.write("dist/app.css", "other {}");
    platform
        .cli(&["publish", "--dir", "dist"])
        .exits(11)
        .says("static-assets discard v1");
    platform
        .cli(&["discard", "v1"])
        .exits(5)
        .says("A build of v1 may still run")
        .says("Run again after 20");
    days_pass(&platform, 2);
    platform
        .cli(&["discard", "v9"])
        .exits(10)
        .says("The store has no version v9");
    platform
        .cli(&["discard", "v1"])
        .exits(0)
        .says("v1: deleted, 1 file");
    assert!(!platform.store().join("v1").exists());
    // Nobody has ever seen it, so any content may have the name.
    let platform = publish(platform, "v1");
    platform.cli(&["verify", "v1", "--read"]).exits(0);
    platform.cli(&["discard"]).exits(2).says("Give the version");
}

#[test]
fn files_of_somebody_else_outlive_a_refused_build() {
    let platform = five_versions();
    fs::create_dir_all(platform.store().join("images")).unwrap();
    fs::write(platform.store().join("images/logo.svg"), "precious").unwrap();
    platform
        .cli_with(
            &["publish", "--dir", "dist"],
            &[("RELEASE_VERSION", "images")],
        )
        .exits(11);
    days_pass(&platform, 40);
    platform
        .cli(&["discard", "images"])
        .exits(10)
        .says("No build has uploaded anything for images");
    platform.cli(&["prune", "--apply"]).exits(0);
    assert!(platform.store().join("images/logo.svg").exists());
}

#[test]
fn markers_that_somebody_has_removed_delete_nothing() {
    let platform = five_versions();
    platform.cli(&["pin", "v1", "--reason", "audit"]).exits(0);
    fs::remove_dir_all(platform.store().join(".static-assets/versions")).unwrap();
    days_pass(&platform, 40);
    platform
        .cli(&["prune", "--apply"])
        .exits(13)
        .says("This would delete 4 of 5 versions");
    let plan = platform.cli(&["prune", "--json"]).exits(0).json();
    assert_eq!(versions(&plan, "keep"), ["v1"]);
}

#[test]
fn a_page_must_link_to_a_version_and_may_escape_it() {
    let platform = five_versions();
    days_pass(&platform, 40);
    let page = server::serve(|request| {
        Answer::of(
            200,
            match request.target.as_str() {
                "/words" => b"<p>v1 or v2".to_vec(),
                _ => br#"<a href="/x?next=%2Fstatic%2Fv1%2Fa.css"><script>"\u002Fv2\u002Fb""#
                    .to_vec(),
            },
        )
    });
    let plan = |path: &str| {
        let url = format!("{page}{path}");
        platform.cli(&["prune", "--keep-last", "1", "--in-use", &url, "--json"])
    };
    plan("/words").exits(2).says("The page links to no version");
    let json = plan("/escaped").exits(0).json();
    assert_eq!(versions(&json, "keep"), ["v5", "v2", "v1"]);
    platform
        .cli(&["prune", "--in-use", "http://me:secret-of-a-test@127.0.0.1/"])
        .exits(2)
        .says("The URL holds a user or a password")
        .does_not_say("secret-of-a-test");
}
