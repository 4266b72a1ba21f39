//! Finds out before the first deploy whether one would work: settings, store, rights and public URL, in seconds and
//! without compiling anything. A few small files stay in the store, under `_doctor/`.

use crate::check::{AssetKind, CheckError, CheckFinding, Unanswered, check_by};
use crate::config::{
    CheckMode, Config, Destination, FrameworkSettings, GzipReason, Mode, Origin, Phase, Region,
    Setting, Sources, TextForm, Unpublished,
};
use crate::context::{BuildContext, DryRun, HookPlace, ImagePlaces, NodeSupply};
use crate::framework::{BlockingPolicy, Framework};
use crate::http::{Answer, Client};
use crate::interrupt::Interrupt;
use crate::log::Log;
use crate::manifest::{ScanRules, TOOL};
use crate::prefix::{Folder, MetaObject, Prefix, PublicUrl, Site};
use crate::publish::{PublishError, find_own_region, judge_config, scratch_dir};
use crate::release::{Naming, Release};
use crate::sha256::Sha256;
use crate::store::{Creates, Probed, Right, Store, StoreError};
use crate::version::Version;
use chrono::{TimeDelta, Utc};
use fs_err as fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// One of each kind that browsers treat in a way of its own, by its extension.
const SAMPLES: [(&str, &str); 4] = [
    ("css", include_str!("doctor/samples/sample.css")),
    ("js", include_str!("doctor/samples/sample.js")),
    ("svg", include_str!("doctor/samples/sample.svg")),
    ("woff2", include_str!("doctor/samples/sample.woff2")),
];
/// Clocks that differ by less are not worth a line: an answer may be slow.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(1);

/// What was found out.
pub(crate) enum Fact<'a> {
    Failed(&'a PublishError),
    Settings(&'a Destination, &'a Config),
    Off(&'a Unpublished),
    /// The release phase uploads, with its own key.
    Deferred,
    /// The store has answered. By https, if it is not a directory.
    Answers(Channel),
    Uploads(Creates),
    Gets,
    List(Right),
    Delete(Right),
    ClockDiffers(TimeDelta),
    PathOfSite(&'a PublicUrl),
    Public(&'a [AssetKind]),
    CheckFailed(&'a CheckFinding, &'a Site),
    /// The encoding of an answer to a browser that takes compressed ones.
    Compressed(Option<&'a str>, Channel),
    /// Text is stored compressed.
    StoresCompressed(&'a GzipReason),
    /// Whether anyone can read the protocol's own objects.
    MetaIsPublic(bool),
    VersionExists(&'a Version),
    /// No setting gives the region, and the store has named it. Also holds the variable that could give it, or `None` if
    /// a service binding could.
    Region(&'a Region, Option<&'static str>),
    App(&'a Framework, &'a Path, &'a Sources<'a>),
    /// Also holds the origin of the public URL.
    PolicyBlocks(&'a BlockingPolicy, &'a str),
    /// The app's settings can be loaded.
    Loads,
    /// So many files of a directory can be published.
    Scanned(usize),
}

/// How the store is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    Directory,
    Https,
    PlainHttp,
}

impl Channel {
    fn of(to: &Destination) -> Self {
        let Some(server) = to.access.server() else {
            return Self::Directory;
        };
        match &server.endpoint {
            Some(endpoint) if endpoint.scheme() == "http" => Self::PlainHttp,
            _ => Self::Https,
        }
    }
}

/// What would keep a deploy from working.
pub(crate) struct DoctorError {
    pub(crate) failures: usize,
    pub(crate) first: PublishError,
}

type Report<'a> = &'a mut dyn FnMut(&Fact<'_>);

struct Doctor<'a> {
    sink: Report<'a>,
    failures: Vec<PublishError>,
    interrupt: Interrupt,
}

/// Reports each fact as it is found. With an app, also examines its framework.
pub(crate) fn examine(
    sources: &Sources<'_>,
    app: Option<&Path>,
    log: &Log,
    report: Report<'_>,
) -> Result<(), DoctorError> {
    let mut doctor = Doctor {
        sink: report,
        failures: Vec::new(),
        interrupt: Interrupt::listen(),
    };
    match judge_config(sources, &Phase::BUILD, log) {
        Err(error) => doctor.fail(error),
        Ok(mut config) => {
            match find_own_region(&mut config) {
                Ok(()) => doctor.examine_store(&config),
                Err(error) => doctor.fail(error),
            }
            if let Some(dir) = app {
                doctor.examine_app(dir, sources, config, log);
            }
        }
    }
    let failures = doctor.failures.len();
    match doctor.failures.into_iter().next() {
        None => Ok(()),
        Some(first) => Err(DoctorError { failures, first }),
    }
}

impl Doctor<'_> {
    fn report(&mut self, fact: &Fact<'_>) {
        (self.sink)(fact);
    }

    fn fail(&mut self, error: impl Into<PublishError>) {
        let error = error.into();
        self.report(&Fact::Failed(&error));
        self.failures.push(error);
    }

    fn examine_store(&mut self, config: &Config) {
        match &config.mode {
            Mode::Off(Unpublished::NoStore) => self.fail(PublishError::NoStore),
            Mode::Off(why) | Mode::CompileOnly(why) => self.report(&Fact::Off(why)),
            Mode::Defer(_) => self.report(&Fact::Deferred),
            Mode::Upload(to) => {
                self.report(&Fact::Settings(to, config));
                if let Err(error) = self.try_samples(to, config) {
                    self.fail(error);
                }
            }
        }
    }

    fn try_samples(&mut self, to: &Destination, config: &Config) -> Result<(), PublishError> {
        let dir = scratch_dir()?;
        let release = Arc::new(release_of_samples(dir.path(), to, &config.text_form)?);
        self.use_store(to, config, &release)?;
        self.examine_public_url(to, config, &release);
        Ok(())
    }

    /// Does with the samples what a build does with its files.
    fn use_store(
        &mut self,
        to: &Destination,
        config: &Config,
        release: &Arc<Release>,
    ) -> Result<(), PublishError> {
        let failed = |error: StoreError| PublishError::Store(error, to.to_string());
        let store = Store::open(&to.site.store, &to.access).map_err(failed)?;
        let creates = store
            .put_samples(release, &self.interrupt)
            .map_err(failed)?;
        self.report(&Fact::Answers(Channel::of(to)));
        if let Some(region) = store.found_region().as_ref().or(to.found_region()) {
            self.report(&Fact::Region(region, to.region_variable()));
        }
        self.report(&Fact::Uploads(creates));
        let probed = store.probe(&release.version, &self.interrupt);
        let Probed { list, delete, now } = probed.map_err(failed)?;
        self.report(&Fact::Gets);
        match list {
            Right::Denied if config.version.is_some() => {
                let error = store.list_samples(&release.version, &self.interrupt);
                error.map_err(failed)?;
            }
            list => self.report(&Fact::List(list)),
        }
        if to.access.server().is_some() {
            self.report(&Fact::Delete(delete));
        }
        let ahead = now.map_or_else(TimeDelta::zero, |now| now - Utc::now());
        if ahead.abs() > CLOCKS_DIFFER {
            self.report(&Fact::ClockDiffers(ahead));
        }
        if let Some(given) = &config.version
            && store
                .is_published(&given.value, &self.interrupt)
                .map_err(failed)?
        {
            self.report(&Fact::VersionExists(&given.value));
        }
        Ok(())
    }

    /// Asks for the samples as a browser does.
    fn examine_public_url(&mut self, to: &Destination, config: &Config, release: &Release) {
        if release.prefix.is_path() {
            return self.report(&Fact::PathOfSite(&to.site.public));
        }
        let client = Client::new(to.access.ca_file());
        let report = match check_by(&client, &to.site, release, &self.interrupt) {
            Ok(report) => report,
            Err(error) => return self.fail(error),
        };
        if !report.right.is_empty() {
            self.report(&Fact::Public(&report.right));
        }
        let stops = config.check.unwrap_or_default() == CheckMode::Fail;
        let mut fatal = Vec::new();
        for finding in report.findings {
            // Who runs it wants to know of a misspelt host.
            if stops && finding.is_fatal(Unanswered::Fails) {
                fatal.push(finding);
            } else {
                self.report(&Fact::CheckFailed(&finding, &to.site));
            }
        }
        if !fatal.is_empty() {
            return self.fail(CheckError::Wrong(fatal, to.site.clone()));
        }
        let mut assets = release.manifest.assets().iter();
        let css = assets.find(|asset| asset.path.ends_with(".css"));
        let css = css.map_or_else(String::new, |css| release.prefix.url_of(&css.path));
        if let TextForm::Gzip(why) = &config.text_form {
            self.report(&Fact::StoresCompressed(why));
        } else if let Some(answer) = ask(&client, &css, "gzip, br") {
            let encoding = answer.header("content-encoding");
            self.report(&Fact::Compressed(encoding, Channel::of(to)));
        }
        let probe = Folder::default().meta(&MetaObject::Probe);
        let probe = format!("{}{probe}", to.site.public);
        let answer = client.get(&probe, &[("Accept-Encoding", "identity")], 0);
        // Other answers say nothing of it, such as those of a CDN that fails.
        match answer.map(|answer| answer.status) {
            Ok(200) => self.report(&Fact::MetaIsPublic(true)),
            Ok(401 | 403 | 404 | 409) => self.report(&Fact::MetaIsPublic(false)),
            _ => {}
        }
    }

    fn examine_app(&mut self, dir: &Path, sources: &Sources<'_>, config: Config, log: &Log) {
        let app = match Framework::detect(dir, &FrameworkSettings::read(sources)) {
            Ok(Some(app)) => app,
            Ok(None) => return self.fail(PublishError::NoFramework),
            Err(error) => return self.fail(error),
        };
        self.report(&Fact::App(&app, dir, sources));
        let scratch = match scratch_dir() {
            Ok(scratch) => scratch,
            Err(error) => return self.fail(error),
        };
        let interrupt = self.interrupt.clone();
        let ctx = BuildContext {
            app_dir: dir.to_owned(),
            scratch: scratch.path().to_owned(),
            env: sources.child_env(),
            image: ImagePlaces {
                root: dir.to_owned(),
                injected: scratch.path().join("injected"),
                hook: HookPlace::PythonPath,
                deferred_dir: scratch.path().join("deferred"),
                release_command: "",
                node: NodeSupply::Platform,
                takes_injection: false,
            },
            cache: None,
            previous: None,
            config,
            started: SystemTime::now(),
            dry_run: DryRun::Yes,
            interrupt: &interrupt,
            log,
        };
        let files = SAMPLES.map(|(extension, _)| PathBuf::from(format!("sample.{extension}")));
        match app.prepare(&ctx, &files) {
            Ok(policies) => {
                for policy in &policies {
                    let public = ctx.config.mode.public_url();
                    let prefix = public.map(|it| it.prefix(&Version::of_samples()));
                    let origin = prefix.as_ref().and_then(Prefix::origin);
                    self.report(&Fact::PolicyBlocks(policy, origin.unwrap_or_default()));
                }
                match Self::scan(&app, &ctx) {
                    Ok(None) => self.report(&Fact::Loads),
                    Ok(Some(files)) => self.report(&Fact::Scanned(files)),
                    Err(error) => self.fail(error),
                }
            }
            Err(error) => self.fail(error),
        }
    }

    /// Finds what a build refuses in a directory that is published as it is. `None` if an app compiles its files first.
    fn scan(app: &Framework, ctx: &BuildContext<'_>) -> Result<Option<usize>, PublishError> {
        let Framework::Prebuilt(_) = app else {
            return Ok(None);
        };
        let (Some(compiled), Some(public)) = (app.compile(ctx)?, ctx.config.mode.public_url())
        else {
            return Ok(None);
        };
        let naming = Naming {
            public,
            store: ctx.config.mode.store(),
            given: ctx.config.version.as_ref(),
            salt: ctx.config.salt.as_deref(),
            text_form: &ctx.config.text_form,
        };
        let rules = &ctx.config.rules;
        let (release, _) = Release::of(
            &compiled.assets,
            rules,
            &naming,
            &ctx.scratch,
            ctx.interrupt,
        )?;
        Ok(Some(release.manifest.assets().len()))
    }
}

/// A release of the samples, under a name that no build can have.
fn release_of_samples(
    dir: &Path,
    to: &Destination,
    text_form: &TextForm,
) -> Result<Release, PublishError> {
    let (site, form) = (&to.site, matches!(text_form, TextForm::Gzip(_)));
    // The samples of another store, or in another form, have other names: a public URL that leads there has not these.
    // What never changes may stay in a cache for ever.
    let name = Sha256::of(format!("{TOOL} {form} {}", to.place()).as_bytes()).to_string();
    for (extension, content) in SAMPLES {
        let path = dir.join(format!("sample-{}.{extension}", &name[..12]));
        // Long enough to be worth compressing.
        let content = match extension {
            "css" if form => content.repeat(20),
            _ => content.to_owned(),
        };
        fs::write(path, content).map_err(PublishError::Scratch)?;
    }
    let version = Setting {
        value: Version::of_samples(),
        origin: Origin::Environment,
    };
    let naming = Naming {
        public: &site.public,
        store: Some(&site.store),
        given: Some(&version),
        salt: None,
        text_form,
    };
    let (rules, interrupt) = (ScanRules::default(), Interrupt::default());
    let (release, _) = Release::of(&dir.into(), &rules, &naming, dir, &interrupt)?;
    Ok(release)
}

/// The answer, if it is 200.
fn ask(client: &Client, url: &str, encodings: &'static str) -> Option<Answer> {
    let answer = client.get(url, &[("Accept-Encoding", encodings)], 1 << 20);
    answer.ok().filter(|answer| answer.status == 200)
}
