//! Byte for byte what Phoenix itself made of the same trees. What it made is recorded in
//! `tests/phx_digest/<version>.json`, by itself: CONTRIBUTING, "The digest".

use super::super::cache_manifest::manifest_time;
use super::*;
use crate::command::Command;
use crate::env::Env;
use crate::interrupt::Interrupt;
use crate::sha256::Sha256;
use std::fmt::Write as _;

/// The first with rules of their own, and the newest.
const VERSIONS: [(&str, PhoenixVersion); 4] = [
    ("1.5", PhoenixVersion::new(1, 5, 15)),
    ("1.6", PhoenixVersion::new(1, 6, 16)),
    ("1.7", PhoenixVersion::new(1, 7, 24)),
    ("1.8", PhoenixVersion::new(1, 8, 12)),
];

/// Trees made by chance, each from its own number.
const RANDOM_TREES: u64 = 300;

/// What is left of a tree when it was digested: a hash of all of it, the manifest without its time.
type Outcomes = BTreeMap<String, String>;

#[test]
fn each_version_makes_the_same_of_hard_trees_and_of_random_ones() {
    for (name, version) in VERSIONS {
        let root = tempfile::tempdir().unwrap();
        let trees = write_trees(root.path());
        let recorded = recorded_path(name);
        if let Some(phoenix) = recording() {
            by_phoenix(&phoenix.join(name), root.path(), &trees);
            let outcomes: Outcomes = outcomes(root.path(), &trees);
            let json = serde_json::to_string_pretty(&outcomes).unwrap();
            fs::write(&recorded, json + "\n").unwrap();
            continue;
        }
        for tree in &trees {
            let folder = root.path().join("app").join(tree);
            let cwd = fs::canonicalize(root.path().join("app")).unwrap();
            let digest = NativeDigest {
                statics: &folder,
                cwd: &cwd,
                rules: DigestRules::of(Some(version)),
                vsn: VSN,
                mtime: manifest_time(None),
            };
            let before = CacheManifest::read(&folder.join(CacheManifest::NAME)).unwrap();
            digest.run(before).unwrap();
        }
        let expected: Outcomes = serde_json::from_slice(&fs::read(&recorded).unwrap()).unwrap();
        let found = outcomes(root.path(), &trees);
        assert_eq!(found.len(), expected.len(), "{name}");
        for (tree, outcome) in &found {
            assert_eq!(Some(outcome), expected.get(tree), "Phoenix {name}, {tree}");
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "the tests' own settings")]
fn recording() -> Option<PathBuf> {
    std::env::var_os("STATIC_ASSETS_TEST_BLESS")?;
    std::env::var_os("STATIC_ASSETS_TEST_PHOENIX").map(PathBuf::from)
}

fn recorded_path(name: &str) -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    repository.join(format!("tests/phx_digest/{name}.json"))
}

/// By the digester of a checkout, in an app of its own.
#[allow(clippy::too_many_lines, reason = "one case after the other")]
fn by_phoenix(generation: &Path, root: &Path, trees: &[String]) {
    let mut deps = String::new();
    for name in [
        "phoenix",
        "jason",
        "mime",
        "castore",
        "plug",
        "plug_crypto",
        "phoenix_pubsub",
        "telemetry",
    ]
    .into_iter()
    .chain([
        "phoenix_html",
        "phoenix_view",
        "phoenix_template",
        "websock",
        "websock_adapter",
    ]) {
        let folder = generation.join("deps").join(name);
        if folder.is_dir() {
            writeln!(deps, "{{:{name}, path: {folder:?}, override: true}},").unwrap();
        }
    }
    let app = root.join("app");
    let project = format!(
        "defmodule Oracle.MixProject do\n  use Mix.Project\n  def project, do: [app: :oracle, version: \
         \"1.0.0\", deps: [{}]]\nend\n",
        deps.trim_end().trim_end_matches(',')
    );
    fs::create_dir_all(app.join("config")).unwrap();
    fs::write(app.join("mix.exs"), project).unwrap();
    fs::write(
        app.join("config/config.exs"),
        "import Config\nconfig :phoenix, :json_library, Jason\n",
    )
    .unwrap();
    let script = format!(
        "for tree <- {trees:?} do\n  if function_exported?(Phoenix.Digester, :compile, 3),\n    do: :ok = \
         Phoenix.Digester.compile(tree, tree, true),\n    else: :ok = Phoenix.Digester.compile(tree, \
         tree)\nend\n"
    );
    fs::write(
        app.join("digest.exs"),
        format!("Code.ensure_loaded!(Phoenix.Digester)\n{script}"),
    )
    .unwrap();
    let env = Env::of_process()
        .for_children(&[], [])
        .with("MIX_ENV", "prod");
    let elixir = generation.join("elixir/bin");
    let env = if elixir.is_dir() {
        env.with_first("PATH", elixir.as_os_str())
    } else {
        env
    };
    let home = generation.join("mix");
    let env = if home.is_dir() {
        env.with("MIX_HOME", home)
    } else {
        env
    };
    for line in ["mix compile", "mix run --no-start -r digest.exs"] {
        let line = format!("{line} 2>&1");
        let finished = Command::shell(&line, &app, &env)
            .run(&Interrupt::default())
            .unwrap();
        assert!(finished.status.success(), "{line}: {}", finished.output);
    }
}

fn outcomes(root: &Path, trees: &[String]) -> Outcomes {
    let outcome = |tree: &String| {
        let folder = root.join("app").join(tree);
        let mut listed = String::new();
        for path in files_below(&folder).unwrap() {
            let mut content = fs::read(folder.join(&path)).unwrap();
            if path == Path::new(CacheManifest::NAME) {
                content = without_time(&content).into_bytes();
            }
            // The manifest of each tree stands here for a person to read where one differs.
            writeln!(listed, "{} {}", path.display(), Sha256::of(&content)).unwrap();
        }
        let is_random = tree.starts_with("random-");
        let hash = Sha256::of(listed.as_bytes()).to_string();
        (tree.clone(), if is_random { hash } else { listed })
    };
    trees.iter().map(outcome).collect()
}

/// Its text but for the time, and in alphabetical order.
fn without_time(manifest: &[u8]) -> String {
    let text = String::from_utf8(manifest.to_vec()).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut parsed: CacheManifest = serde_json::from_str(&text).unwrap();
    parsed.set_time(0);
    let comment = json["!comment!"].as_str();
    let comment = comment.map(|comment| {
        if comment.starts_with("This is") {
            "This is"
        } else {
            "This"
        }
    });
    let rendered = parsed.render(comment);
    // Up to 32 files, the text is the same to the byte.
    if parsed.latest.len() <= 32 && parsed.digests.len() <= 32 {
        let mut parts = text.split("\"mtime\":");
        let first = parts.next().unwrap_or_default().to_owned();
        let text = parts.fold(first, |text, part| {
            let after = part.trim_start_matches(|digit: char| digit.is_ascii_digit());
            text + "\"mtime\":0" + after
        });
        assert_eq!(text, rendered);
    }
    rendered
}

fn write_trees(root: &Path) -> Vec<String> {
    let mut trees: Vec<(String, Tree)> = hard_trees();
    trees.extend(fixture_trees());
    trees.extend((0..RANDOM_TREES).map(|number| (format!("random-{number}"), random_tree(number))));
    for (name, tree) in &trees {
        for (path, content) in tree {
            let path = root.join("app").join(name).join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }
    trees.into_iter().map(|(name, _)| name).collect()
}

/// What the fixtures have in `priv/static`, and what their bundler puts there.
fn fixture_trees() -> Vec<(String, Tree)> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    [
        ("phoenix_1_4", "assets/static"),
        ("phoenix_1_5", "assets/static"),
        ("phoenix_1_6", "priv/static"),
        ("phoenix_1_7", "priv/static"),
        ("phoenix_1_8", "priv/static"),
        ("phoenix_monorepo", "backend/priv/static"),
        ("phoenix_umbrella", "apps/admin_web/priv/static"),
        ("phoenix_umbrella", "apps/shop_web/priv/static"),
    ]
    .into_iter()
    .map(|(fixture, folder)| {
        let app = fixtures.join(fixture);
        let mut tree: Tree = Vec::new();
        let mut add = |folder: &Path, prefix: &str| {
            for path in files_below(folder).unwrap() {
                let content = fs::read(folder.join(&path)).unwrap();
                tree.push((format!("{prefix}{}", path.display()), content));
            }
        };
        add(&app.join(folder), "");
        for built in ["css", "js"] {
            let sources = app.join("assets").join(built);
            if sources.is_dir() {
                add(&sources, &format!("assets/{built}/"));
            }
        }
        (format!("{fixture}-{}", folder.replace('/', "-")), tree)
    })
    .collect()
}

type Tree = Vec<(String, Vec<u8>)>;

fn tree(files: &[(&str, &[u8])]) -> Tree {
    files
        .iter()
        .map(|(path, content)| ((*path).to_owned(), content.to_vec()))
        .collect()
}

const HEX: &str = "0123456789abcdef0123456789ABCDEF";

#[allow(clippy::too_many_lines, reason = "one line for each hard thing")]
fn hard_trees() -> Vec<(String, Tree)> {
    let hex_name = format!("vendor/lib-{HEX}.js");
    let long_hex_name = format!("vendor/lib-{HEX}00.css");
    let short_hex_name = format!("vendor/lib-{}.js", &HEX[1..]);
    vec![
        (
            "css".to_owned(),
            tree(&[
                ("images/a.png", b"png"),
                ("images/b c.png", b"space"),
                ("css/base.css", b"a{}"),
                ("top.svg", b"<svg/>"),
                (
                    "css/app.css",
                    b"@import \"base.css\"; @import url(base.css); @import url('base.css');\n\
                      a{background:url(/images/a.png)} b{background:url(\"/images/a.png\")}\n\
                      c{background:url('/images/a.png')} d{background:url( '/images/a.png' )}\n\
                      e{background:url(../images/a.png)} f{background:url(\"../images//a.png\")}\n\
                      g{background:url(./../images/./a.png)} h{background:url(../images/a.png?v=1)}\n\
                      i{background:url(../images/a.png#x)} j{background:url(//cdn.example.com/a.png)}\n\
                      k{background:url(https://x.example.com/a.png)} l{background:url(data:image/png;base64,AA==)}\n\
                      m{background:url()} n{background:url('')} o{background:url(\"/images/a.png')}\n\
                      p{background:url(/images/b c.png)} q{background:url('/images/b c.png')}\n\
                      r{background:url(../top.svg)} s{background:url(/top.svg)} t{background:url(/nowhere.png)}\n\
                      u{background:url(/images/a.png) , url(/top.svg)} v{background:url(\n/top.svg\n)}\n\
                      w{background:image-set(\"/images/a.png\" 1x)} x{background:URL(/top.svg)}\n\
                      y{background:url(../../css/../top.svg)} z{background:url(../../app/css/base.css)}\n\
                      aa{background:url((/top.svg)} bb{background:url(/top.svg} cc{b:url(\"/top.svg\"x)}\n\
                      dd{background:url(/top.svg/)} ee{background:url(../top.svg/)} ff{b:url(/)} gg{b:url(.)}\n",
                ),
            ]),
        ),
        (
            "encodings".to_owned(),
            tree(&[
                ("a.css", b"\xff\xfe a{b:url(/x.png)} \xe9 url(\xe9.png) url('/x.png')\xa0url(/x.png\x0b)"),
                ("x.png", b"\x00\x01\xff"),
                ("\u{fc}.css", "b{c:url(/\u{fc}.css)}".as_bytes()),
                ("empty.css", b""),
                ("empty.js", b""),
                ("empty", b""),
                ("crlf.css", b"a{b:url(/x.png)}\r\nb{c:url( /x.png\r\n)}"),
            ]),
        ),
        (
            "maps".to_owned(),
            tree(&[
                ("js/app.js", b"1;\n//# sourceMappingURL=app.js.map\n"),
                ("js/app.js.map", b"{\"version\":3,\"file\":\"app.js\",\"sources\":[\"file\"]}"),
                ("js/b.js", b"//#sourceMappingURL=/js/app.js.map //# sourceMappingURL= b.js.map"),
                ("js/b.js.map", b"{'file':'/js/b.js',\"file\":\"../js/b.js\",\"file\": \"b.js\"}"),
                ("css/app.css", b"a{}/*# sourceMappingURL=app.css.map */"),
                ("css/app.css.map", b"{\"file\":\"app.css\"}"),
                ("alone.map", b"{\"file\":\"alone\"}"),
                ("alone.js.map", b"{\"file\":\"\"}{\"file\":\"alone.map\"}"),
                ("plain", b"x"),
                ("plain.map", b"{\"file\":\"plain\"}"),
                ("js/twice.js", b"//# sourceMappingURL=data:application/json;base64,e30=\n//#\tsourceMappingURL=app.js.map"),
            ]),
        ),
        (
            "names".to_owned(),
            tree(&[
                (&hex_name, b"vendored"),
                (&long_hex_name, b"a{}"),
                (&short_hex_name, b"1"),
                (".well-known/x.txt", b"x"),
                (".hidden", b"x"),
                ("a/.git/config", b"x"),
                ("a.b/c.d.e", b"x"),
                ("no_extension", b"x"),
                ("ends.", b"x"),
                ("two..dots", b"x"),
                ("-.css", b"a{}"),
                ("was.js.gz", b"compressed"),
                ("was.js.br", b"compressed"),
                ("was.js", b"2"),
                ("UPPER.CSS", b"a{b:url(/was.js)}"),
                ("vendor/uses.css", format!("a{{b:url(lib-{HEX}.js)}}").as_bytes()),
                ("page.html", b"<p>"),
                ("page.mjs", b"export {}"),
                ("font.ttf", b"ttf"),
                ("font.woff2", b"woff2"),
                ("deep/er/and/er.css", b"a{b:url(../../../font.woff2)} b{c:url(../../font.woff2)}"),
            ]),
        ),
        (
            "digested_before".to_owned(),
            tree(&[
                ("app.js", b"new"),
                ("app-0cc175b9c0f1b6a831c399e269772661.js", b"old"),
                (
                    "cache_manifest.json",
                    b"{\"version\":1,\"latest\":{\"app.js\":\"app-0cc175b9c0f1b6a831c399e269772661.js\"},\
                      \"digests\":{\"app-0cc175b9c0f1b6a831c399e269772661.js\":{\"digest\":\
                      \"0cc175b9c0f1b6a831c399e269772661\",\"logical_path\":\"app.js\",\"mtime\":63000000000,\
                      \"sha512\":\"x\",\"size\":3},\"gone-0cc175b9c0f1b6a831c399e269772661.js\":{\"digest\":\
                      \"0cc175b9c0f1b6a831c399e269772661\",\"logical_path\":\"gone.js\",\"mtime\":63000000000,\
                      \"sha512\":\"x\",\"size\":3}}}",
                ),
            ]),
        ),
        ("nothing".to_owned(), tree(&[(".keep", b"")])),
        (
            "many".to_owned(),
            (0..40)
                .map(|number| (format!("f{number}.css"), format!("a{{b:url(f{}.css)}}", number / 2).into_bytes()))
                .collect(),
        ),
    ]
}

/// <https://prng.di.unimi.it/splitmix64.c>
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % limit as u64).unwrap()
    }

    fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}

#[allow(clippy::too_many_lines, reason = "one case after the other")]
fn random_tree(number: u64) -> Tree {
    const FOLDERS: [&str; 6] = ["", "css/", "js/", "a/b/", "x.y/", "images/"];
    const NAMES: [&str; 12] = [
        "a.css",
        "b.css",
        "app.js",
        "app.js.map",
        "a.css.map",
        "x.png",
        "y.svg",
        "z",
        "q.mjs",
        "t.txt",
        "u.woff2",
        "e.",
    ];
    const PIECES: [&[u8]; 40] = [
        b"url(",
        b"url( ",
        b"url(\"",
        b"url('",
        b")",
        b" )",
        b"\")",
        b"')",
        b"\n",
        b" ",
        b"\t)",
        b"\"",
        b"'",
        b"/",
        b"//",
        b"../",
        b"./",
        b"..",
        b"?",
        b"#x",
        b"http:",
        b"a+b:",
        b"\xff",
        b"//# sourceMappingURL=",
        b"//#sourceMappingURL= ",
        b"\"file\":\"",
        b"'file':'",
        b"\"file':\"",
        b",",
        b"}",
        b"{b:",
        b"\x0b",
        b"\xc2\xa0",
        b"app/",
        b"~",
        b"%20",
        b"\\",
        b"url(/",
        b"url(../",
        b"x",
    ];
    let mut chance = Chance(number);
    let mut paths: Vec<String> = Vec::new();
    for _ in 0..=chance.below(12) {
        let path = format!("{}{}", chance.of(&FOLDERS), chance.of(&NAMES));
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let all = paths.clone();
    paths
        .into_iter()
        .map(|path| {
            let mut content = Vec::new();
            for _ in 0..chance.below(60) {
                if chance.below(3) == 0 {
                    content.extend_from_slice(chance.of(&all).as_bytes());
                } else {
                    content.extend_from_slice(PIECES[chance.below(PIECES.len())]);
                }
            }
            (path, content)
        })
        .collect()
}
