//! The Dockerfiles and the heroku.yml of `docs/docker.md`. A real engine builds and runs them as they are written,
//! except for the lines that a test replaces to get stand-ins or offline tools.

use crate::harness::canary::holds;
use crate::harness::docker::{Builder, Container, Docker, Image, block};
use crate::harness::pages::{assets, links};
use crate::harness::phoenix::{self, MIX, Phoenix};
use crate::harness::python::listening;
use crate::harness::s3::Bucket;
use crate::harness::{Platform, http};
use fs_err as fs;
use std::os::unix::fs::PermissionsExt;

const GUIDE: &str = "docs/docker.md";

/// An app with a Dockerfile, and a bucket to publish to.
struct Context {
    platform: Platform,
    bucket: Bucket,
}

impl Context {
    fn of(fixture: &str, dockerfile: &str) -> Option<(Docker, Self)> {
        let docker = Docker::find()?;
        let bucket = Bucket::create()?;
        let context = Self::with(Platform::with(fixture), bucket, dockerfile);
        Some((docker, context))
    }

    fn with(platform: Platform, bucket: Bucket, dockerfile: &str) -> Self {
        let endpoint = &bucket.endpoint;
        let settings = format!("[io.github.static-assets]\nendpoint-url = \"{endpoint}\"\n");
        platform
            .write("Dockerfile", dockerfile)
            .write("project.toml", &settings);
        if platform.app().join("manage.py").exists() {
            platform.write("requirements.txt", "Django\ngunicorn\n");
        }
        let program = platform.app().join("static-assets");
        fs::copy(env!("CARGO_BIN_EXE_static-assets"), program).unwrap();
        Self { platform, bucket }
    }

    fn public(&self) -> String {
        format!("{}/shop", self.bucket.url())
    }

    /// Builds the image. The key of the bucket is given as secrets of the build.
    fn build<'a>(&self, docker: &'a Docker, more: &[(&str, &str)]) -> Result<Image<'a>, String> {
        let Bucket { key_id, secret, .. } = &self.bucket;
        let store = format!("s3://{}/shop", self.bucket.name);
        let public = self.public();
        let mut arguments = vec![
            ("STATIC_ASSETS_STORE", store.as_str()),
            ("STATIC_ASSETS_PUBLIC_URL", public.as_str()),
        ];
        arguments.extend(more);
        let secrets = [("key_id", key_id.as_str()), ("key", secret.as_str())];
        docker.build(
            &self.platform.app(),
            Builder::BuildKit,
            &arguments,
            &secrets,
        )
    }

    #[track_caller]
    fn built<'a>(&self, docker: &'a Docker) -> Image<'a> {
        self.build(docker, &[])
            .unwrap_or_else(|log| panic!("{log}"))
    }

    #[track_caller]
    fn assert_no_key_is_in(&self, image: &Image<'_>) {
        let everything = image.everything();
        for canary in [&self.bucket.key_id, &self.bucket.secret] {
            assert!(!holds(&everything, canary), "the image holds the key");
            assert!(
                !holds(image.log.as_bytes(), canary),
                "the build shows the key"
            );
        }
    }
}

const GUNICORN: [&str; 3] = [
    "--bind=127.0.0.1:0",
    "--worker-tmp-dir=/dev/shm",
    "project.wsgi",
];

#[track_caller]
fn assert_pages_lead_to(container: &Container<'_>, base: &str) {
    let server = &container.server;
    let page = http::get(&server.url).text();
    assert!(!links(&server.url, &page).is_empty(), "{page}");
    for (link, answer) in assets(&server.url, &page) {
        assert!(link.starts_with(base), "{link} is not below {base}");
        assert_eq!(answer.status, 200, "{link}");
    }
}

/// Starts the image by its entrypoint, by another, by a shell, and with the variables that an operator sets.
fn django(heading: &str) {
    let dockerfile = block(GUIDE, heading, "dockerfile");
    let Some((docker, context)) = Context::of("django_basic", &dockerfile) else {
        return;
    };
    let image = context.built(&docker);
    for fact in ["css js svg font: 200", "/etc/static-assets/pin.env"] {
        assert!(image.log.contains(fact), "{}", image.log);
    }
    context.assert_no_key_is_in(&image);
    let base = context.public();

    let line = [&["gunicorn"][..], &GUNICORN].concat();
    let server = image.serve(&[], &line, listening);
    assert_pages_lead_to(&server, &base);
    drop(server);
    let replaced = image.serve(&["--entrypoint=gunicorn"], &GUNICORN, listening);
    assert_pages_lead_to(&replaced, &base);
    drop(replaced);
    let shell = format!("exec gunicorn {}", GUNICORN.join(" "));
    let by_shell = image.serve(&["--entrypoint=sh"], &["-c", &shell], listening);
    assert_pages_lead_to(&by_shell, &base);
    drop(by_shell);

    let url = |options: &[&str]| {
        let (code, log) = image.run(options, &["printenv", "STATIC_URL"]);
        assert_eq!(code, 0, "{log}");
        log
    };
    assert!(url(&[]).starts_with(&base));
    let stage = url(&["--env=STATIC_ASSETS_PUBLIC_URL=https://stage.example.com/shop"]);
    assert!(
        stage.starts_with("https://stage.example.com/shop/"),
        "{stage}"
    );
    assert_eq!(url(&["--env=STATIC_URL=/static/"]), "/static/\n");
}

#[test]
fn django_in_one_stage() {
    django("### Django");
}

#[test]
fn django_in_two_stages() {
    django("### Django, in two stages");
}

/// Prints the `static_url` that the configuration of the image gives to its endpoint.
const ASK: &str = "script = Enum.find([\"/release/config/runtime.exs\", \"/app/config/runtime.exs\"], &File.exists?/1)\n\
    config = Config.Reader.read!(script, env: :prod)\n\
    IO.inspect(config[:shop][ShopWeb.Endpoint][:static_url])";

/// Builds with a stand-in for `mix`, which compiles and digests two files. Elixir itself then evaluates the
/// configuration in the image, which shows whether the image links to the version.
fn phoenix_by_stand_ins(heading: &str) {
    let dockerfile = block(GUIDE, heading, "dockerfile")
        .replace("WORKDIR /app\n", "WORKDIR /app\nCOPY mix /usr/local/bin/\n");
    let Some((docker, context)) = Context::of("phoenix_1_8", &dockerfile) else {
        return;
    };
    let mix = context.platform.app().join("mix");
    let release = "mkdir -p /release/bin && cp -R config priv /release/ && echo 'exec \"$@\"' > /release/bin/shop";
    let stand_in = format!("#!/bin/sh\ncase \"$1\" in release) {release} ;; esac\n{MIX}");
    fs::write(&mix, stand_in).unwrap();
    fs::set_permissions(&mix, PermissionsExt::from_mode(0o755)).unwrap();
    let image = context.built(&docker);
    assert!(image.log.contains("mix assets.deploy"), "{}", image.log);
    context.assert_no_key_is_in(&image);

    let base = context.public();
    let secrets = "--env=SECRET_KEY_BASE=of-the-run";
    for (options, line) in [
        (&[secrets][..], &["elixir", "-e", ASK][..]),
        (&[secrets, "--entrypoint=elixir"], &["-e", ASK]),
    ] {
        let (code, log) = image.run(options, line);
        assert_eq!(code, 0, "{log}");
        assert!(log.contains(&format!("path: \"{base}/")), "{log}");
        // The app's own host, for links that name one.
        assert!(log.contains("host: \"example.com\""), "{log}");
    }
    let local = [secrets, "--env=STATIC_URL=/", "--entrypoint=elixir"];
    let (_, log) = image.run(&local, &["-e", ASK]);
    assert!(log.contains("nil"), "{log}");
}

#[test]
fn phoenix_in_one_stage() {
    phoenix_by_stand_ins("### Phoenix");
}

#[test]
fn phoenix_as_a_release_in_two_stages() {
    phoenix_by_stand_ins("### Phoenix, a release in two stages");
}

/// Builds both Dockerfiles with Phoenix itself, if this machine has it, and follows the links of their pages. The image
/// is started by its own command and without its entrypoint.
#[test]
fn real_phoenix_runs_from_both_dockerfiles() {
    let (Some(docker), Some(sources)) = (Docker::find(), Phoenix::find("1.8")) else {
        return;
    };
    let tools = "COPY tools/elixir /opt/elixir\nCOPY tools/mix /root/.mix\n\
                 ENV PATH=/opt/elixir/bin:$PATH HEX_OFFLINE=1 LC_ALL=C.UTF-8\nWORKDIR /app\n";
    for (heading, line, replaced) in [
        (
            "### Phoenix",
            &["mix", "phx.server"][..],
            "--entrypoint=mix",
        ),
        (
            "### Phoenix, a release in two stages",
            &["/release/bin/shop", "start"],
            "--entrypoint=/release/bin/shop",
        ),
    ] {
        let dockerfile = block(GUIDE, heading, "dockerfile").replacen("WORKDIR /app\n", tools, 1);
        let platform = sources.platform("phoenix_1_8");
        sources.pack(&platform.app());
        let Some(bucket) = Bucket::create() else {
            return;
        };
        let context = Context::with(platform, bucket, &dockerfile);
        let image = context.built(&docker);
        context.assert_no_key_is_in(&image);
        let secret = format!("--env=SECRET_KEY_BASE={}", "s".repeat(64));
        let env = [secret.as_str(), "--env=PHX_SERVER=true", "--env=PORT=0"];
        let server = image.serve(&env, &[], phoenix::listening);
        assert_pages_lead_to(&server, &context.public());
        drop(server);
        let env = [&env[..], &[replaced]].concat();
        let server = image.serve(&env, &line[1..], phoenix::listening);
        assert_pages_lead_to(&server, &context.public());
    }
}

/// Does what Heroku does with a heroku.yml: the build gets arguments but no secret, the release phase gets the config
/// vars, and a shell starts the process.
#[test]
fn heroku_yml_uploads_in_its_release_phase() {
    let dockerfile = block(GUIDE, "### heroku.yml", "dockerfile");
    let Some((docker, context)) = Context::of("django_basic", &dockerfile) else {
        return;
    };
    let yaml = HerokuYml::parse(&block(GUIDE, "### heroku.yml", "yaml"));
    let public = context.public();
    let arguments: Vec<(&str, &str)> = yaml
        .config
        .iter()
        .map(|(name, value)| match name.as_str() {
            "STATIC_ASSETS_PUBLIC_URL" => (name.as_str(), public.as_str()),
            name => (name, value.as_str()),
        })
        .collect();
    let image = docker
        .build(&context.platform.app(), Builder::Classic, &arguments, &[])
        .unwrap_or_else(|log| panic!("{log}"));
    assert!(context.bucket.objects().is_empty());

    let config_vars = [
        format!(
            "--env=STATIC_ASSETS_STORE=s3://{}/shop",
            context.bucket.name
        ),
        format!(
            "--env=STATIC_ASSETS_ENDPOINT_URL={}",
            context.bucket.endpoint
        ),
        format!(
            "--env=STATIC_ASSETS_ACCESS_KEY_ID={}",
            context.bucket.key_id
        ),
        format!(
            "--env=STATIC_ASSETS_SECRET_ACCESS_KEY={}",
            context.bucket.secret
        ),
        "--env=PORT=0".to_owned(),
        "--read-only".to_owned(),
    ];
    let config_vars: Vec<&str> = config_vars.iter().map(String::as_str).collect();
    let (code, log) = image.run(&config_vars[5..], &["sh", "-c", &yaml.release]);
    assert_eq!(code, 2, "without a store a release fails: {log}");
    for expected in ["5 new, 0 reused", "0 uploaded"] {
        let (code, log) = image.run(&config_vars, &["sh", "-c", &yaml.release]);
        assert_eq!(code, 0, "{log}");
        assert!(log.contains(expected), "{log}");
        assert!(!holds(log.as_bytes(), &context.bucket.secret), "{log}");
    }
    let web = format!(
        "{} --worker-tmp-dir=/dev/shm",
        yaml.web.replace("0.0.0.0", "127.0.0.1")
    );
    let server = image.serve(&config_vars, &["sh", "-c", &web], listening);
    assert_pages_lead_to(&server, &public);
    context.assert_no_key_is_in(&image);
}

/// The parts of a heroku.yml that the guide uses.
struct HerokuYml {
    config: Vec<(String, String)>,
    release: String,
    web: String,
}

impl HerokuYml {
    fn parse(text: &str) -> Self {
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.trim().strip_prefix(name));
            line.unwrap_or_else(|| panic!("no {name}"))
                .trim()
                .to_owned()
        };
        let config = text
            .lines()
            .skip_while(|line| line.trim() != "config:")
            .skip(1);
        let config = config
            .take_while(|line| line.starts_with("    "))
            .filter_map(|line| line.trim().split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            config: config.collect(),
            release: value("command: [").trim_end_matches(']').to_owned(),
            web: text
                .lines()
                .skip_while(|line| *line != "run:")
                .find_map(|line| line.trim().strip_prefix("web: "))
                .unwrap()
                .to_owned(),
        }
    }
}

#[test]
fn base_image_env_and_rejected_keys_are_reported() {
    let dockerfile = block(GUIDE, "### Django", "dockerfile");
    let with_env = dockerfile.replace("WORKDIR /app\n", "WORKDIR /app\nENV STATIC_URL=/old/\n");
    let Some((docker, context)) = Context::of("django_basic", &with_env) else {
        return;
    };
    let image = context.built(&docker);
    for fact in ["STATIC_URL=/old/", "ENV STATIC_URL="] {
        assert!(image.log.contains(fact), "{}", image.log);
    }
    drop(image);

    // A key that the store does not know stops the build, and no line of the log shows it.
    let id = context.bucket.key_id.as_str();
    let store = format!("s3://{}/other", context.bucket.name);
    let arguments = [
        ("STATIC_ASSETS_STORE", store.as_str()),
        ("STATIC_ASSETS_PUBLIC_URL", "https://x.example.com"),
    ];
    let secrets = [("key_id", id), ("key", "canary-of-a-wrong-secret-key")];
    let built = docker.build(
        &context.platform.app(),
        Builder::BuildKit,
        &arguments,
        &secrets,
    );
    let Err(log) = built else {
        panic!("built with a wrong key");
    };
    assert!(log.contains("[Error: static assets: "), "{log}");
    assert!(
        !holds(log.as_bytes(), "canary-of-a-wrong-secret-key"),
        "{log}"
    );
}
