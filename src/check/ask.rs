//! Asks for the files through the public URL.

use super::judge::{allows_origin, holds, judge};
use super::{AssetKind, CheckError, CheckProblem, CheckReport, CheckSkipped, ORIGIN, Sample};
use crate::http::{Answer, Client, FetchError};
use crate::interrupt::Interrupt;
use crate::manifest::{Asset, GZIP};
use crate::prefix::{PublicUrl, Site};
use crate::release::Release;
use std::cell::OnceCell;
use std::thread;
use std::time::Duration;

/// Makes another URL of the same file, which no cache in front of the store has seen.
const CACHE_BUSTER: &str = "static-assets-check=1";

/// GETs a URL, with an `Origin` header if one is given, and reads at most so many bytes of the body.
type Get<'a> =
    &'a mut dyn FnMut(&str, Option<&'static str>, Accepts, u64) -> Result<Answer, FetchError>;

/// The time between two tries of a request that got no answer.
const PAUSE: Duration = Duration::from_secs(1);

/// The encodings that a request accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accepts {
    Identity,
    /// As every browser does.
    Gzip,
}

impl Accepts {
    fn header(self) -> (&'static str, &'static str) {
        let value = match self {
            Self::Identity => "identity",
            Self::Gzip => GZIP,
        };
        ("Accept-Encoding", value)
    }
}

/// The smallest file of each kind, of those that are stored compressed if there are any: more can go wrong with them.
fn samples(release: &Release) -> Vec<Sample<'_>> {
    let smallest = |kind| {
        let assets = release.manifest.assets().iter();
        let of_kind = assets.filter(|asset| asset.size > 0 && AssetKind::of(asset) == Some(kind));
        let asset = of_kind.min_by_key(|asset| (asset.encoding().is_none(), asset.size))?;
        let url = release.prefix.url_of(&asset.path);
        Some(Sample { kind, asset, url })
    };
    AssetKind::ALL.into_iter().filter_map(smallest).collect()
}

pub(crate) fn is_checkable(release: &Release) -> Result<(), CheckSkipped> {
    match samples(release).as_slice() {
        _ if release.prefix.is_path() => Err(CheckSkipped::Path),
        [] => Err(CheckSkipped::NothingToAskFor),
        _ => Ok(()),
    }
}

/// Checks a release by plain requests.
pub(crate) fn check_by(
    client: &Client,
    site: &Site,
    release: &Release,
    interrupt: &Interrupt,
) -> Result<CheckReport, CheckError> {
    let mut get = |url: &str, origin: Option<&'static str>, accepts: Accepts, limit| {
        let headers = [
            Some(accepts.header()),
            origin.map(|origin| ("Origin", origin)),
        ];
        let headers: Vec<_> = headers.into_iter().flatten().collect();
        let answer = client.get(url, &headers, limit);
        // A connection may break by chance, and a name server may be busy.
        if let Err(FetchError::UnknownHost | FetchError::Refused | FetchError::Other(_)) = answer
            && !interrupt.is_raised()
        {
            thread::sleep(PAUSE);
            return client.get(url, &headers, limit);
        }
        answer
    };
    check(site, release, interrupt, &mut get)
}

/// Asks for one file of each kind. Asks more only if something is wrong.
pub(crate) fn check(
    site: &Site,
    release: &Release,
    interrupt: &Interrupt,
    get: Get<'_>,
) -> Result<CheckReport, CheckError> {
    let mut asker = Asker {
        site,
        release,
        get,
        elsewhere: OnceCell::new(),
    };
    let mut report = CheckReport::default();
    for sample in samples(release) {
        if interrupt.is_raised() {
            return Err(CheckError::Interrupted);
        }
        match asker.problems(&sample) {
            Ok(problems) => report.add(&sample, problems),
            // The same host would make the build wait again.
            Err(error) => {
                report.add(&sample, vec![CheckProblem::Unreachable(error)]);
                break;
            }
        }
    }
    Ok(report)
}

/// One byte more than the file has, compressed or not: a longer answer is another file.
fn limit_of(asset: &Asset) -> u64 {
    asset.size.max(asset.as_plain().size) + 1
}

struct Asker<'a> {
    site: &'a Site,
    release: &'a Release,
    get: Get<'a>,
    /// Another public URL that leads to the files, if there is one. It is sought once.
    elsewhere: OnceCell<Option<PublicUrl>>,
}

impl Asker<'_> {
    fn problems(&mut self, sample: &Sample<'_>) -> Result<Vec<CheckProblem>, FetchError> {
        let limit = limit_of(sample.asset);
        // A file that is stored compressed is asked for in both ways.
        let by_browser = match sample.asset.encoding() {
            Some(_) => Accepts::Gzip,
            None => Accepts::Identity,
        };
        let mut get = |origin: Option<&'static str>| {
            let accepts = origin.map_or(Accepts::Identity, |_| by_browser);
            (self.get)(&sample.url, origin, accepts, limit)
        };
        // A cache that ignores the `Origin` keeps the first answer for a year. For fonts and modules, that must be an
        // answer that allows an `Origin`.
        let early = sample.kind.needs_cors().then(|| get(Some(ORIGIN)));
        let early = early.transpose()?;
        let plain = get(None)?;
        let with_origin = early.map_or_else(|| get(Some(ORIGIN)), Ok)?;
        let mut problems = judge(sample, &plain, &with_origin);
        for problem in &mut problems {
            if let CheckProblem::Status(400..=499) | CheckProblem::Page = problem
                && let Some(instead) = self.look_elsewhere(sample.asset)
            {
                *problem = CheckProblem::Elsewhere(instead);
            }
        }
        let are_found = plain.status == 200 && with_origin.status == 200;
        if are_found && !allows_origin(&with_origin) {
            problems.extend(self.cors_problem(sample));
        }
        Ok(problems)
    }

    fn look_elsewhere(&mut self, asset: &Asset) -> Option<PublicUrl> {
        let holds_asset = |public: &PublicUrl| {
            let url = public.prefix(&self.release.version).url_of(&asset.path);
            let answer = (self.get)(&url, None, Accepts::Identity, limit_of(asset));
            answer.is_ok_and(|it| holds(asset, &it))
        };
        let seek = || self.site.other_public_urls().into_iter().find(holds_asset);
        self.elsewhere.get_or_init(seek).clone()
    }

    fn cors_problem(&mut self, sample: &Sample<'_>) -> Option<CheckProblem> {
        let url = format!("{}?{CACHE_BUSTER}", sample.url);
        let fresh = (self.get)(&url, Some(ORIGIN), Accepts::Identity, 0);
        if fresh.is_ok_and(|fresh| fresh.status == 200 && allows_origin(&fresh)) {
            Some(CheckProblem::CorsCachedAway)
        } else {
            sample.kind.needs_cors().then_some(CheckProblem::NoCors)
        }
    }
}
