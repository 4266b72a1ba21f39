//! How many versions a prune keeps.

use super::{ConfigProblem, ConfigResult, Origin, Setting, Sources, env_vars};
use chrono::TimeDelta;

/// No age below this one makes anything old: a build that runs, or one of its requests that lands late, is younger.
pub(crate) const SHORTEST_AGE: TimeDelta = TimeDelta::hours(24);
/// A hundred years, so that no sum of ages overflows.
const LONGEST_AGE: TimeDelta = TimeDelta::days(36_525);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Retention {
    /// How many versions of each group are kept, the ones that it built last. At least one.
    pub(crate) keep_last: usize,
    /// Versions that were built within this time are kept. Not below [`SHORTEST_AGE`].
    pub(crate) keep_within: TimeDelta,
    /// Where each of the two was set. `None` is the default.
    pub(crate) origins: [Option<Origin>; 2],
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            keep_last: 10,
            keep_within: TimeDelta::days(30),
            origins: [None, None],
        }
    }
}

/// Flags of the command line, which win over the settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct RetentionFlags {
    pub(crate) keep_last: Option<String>,
    pub(crate) keep_within: Option<String>,
}

impl Retention {
    pub(crate) fn read(
        sources: &Sources<'_>,
        flags: RetentionFlags,
    ) -> Result<Self, Vec<ConfigProblem>> {
        let RetentionFlags {
            keep_last,
            keep_within,
        } = flags;
        let flag = |value: Option<String>, name| Some(Setting::new(value?, Origin::Flag(name)));
        let keep_last =
            flag(keep_last, "--keep-last").or_else(|| sources.text(&env_vars::KEEP_LAST));
        let keep_within =
            flag(keep_within, "--keep-within").or_else(|| sources.text(&env_vars::KEEP_WITHIN));
        let default = Self::default();
        let origin = |setting: &Option<Setting<_>>| Some(setting.as_ref()?.origin.clone());
        let origins = [origin(&keep_last), origin(&keep_within)];
        let keep_last = keep_last.map_or(Ok(default.keep_last), number);
        let keep_within = keep_within.map_or(Ok(default.keep_within), age);
        match (keep_last, keep_within) {
            (Ok(keep_last), Ok(keep_within)) => Ok(Self {
                keep_last,
                keep_within,
                origins,
            }),
            (keep_last, keep_within) => {
                let problems = [keep_last.err(), keep_within.err()];
                Err(problems.into_iter().flatten().collect())
            }
        }
    }
}

fn number(setting: Setting<String>) -> ConfigResult<usize> {
    let number = setting.value.parse().ok().filter(|number| *number > 0);
    number.ok_or(ConfigProblem::KeepLast(setting))
}

fn age(setting: Setting<String>) -> ConfigResult<TimeDelta> {
    let age = parse_age(&setting.value).filter(|age| (SHORTEST_AGE..=LONGEST_AGE).contains(age));
    age.ok_or(ConfigProblem::KeepWithin(setting))
}

/// Parses `36h`, `30d` or `8w`.
fn parse_age(text: &str) -> Option<TimeDelta> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number = number.parse::<u32>().ok()?.into();
    match unit {
        "h" => TimeDelta::try_hours(number),
        "d" => TimeDelta::try_days(number),
        "w" => TimeDelta::try_weeks(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(text: &str) -> Setting<String> {
        Setting::new(text, Origin::Environment)
    }

    #[test]
    fn ages_have_a_unit_and_are_no_shorter_than_a_day() {
        for (text, hours) in [
            ("24h", 24),
            ("36h", 36),
            ("1d", 24),
            ("30d", 720),
            ("2w", 336),
        ] {
            assert_eq!(
                age(setting(text)).unwrap(),
                TimeDelta::hours(hours),
                "{text}"
            );
        }
        for text in [
            "", "d", "30", "23h", "0d", "-2d", "1.5d", "30 d", "30D", "9999999w", "3é",
        ] {
            assert!(age(setting(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn at_least_one_version_is_kept() {
        assert_eq!(number(setting("1")).unwrap(), 1);
        for text in ["0", "-1", "", "ten", "99999999999999999999"] {
            assert!(number(setting(text)).is_err(), "{text}");
        }
    }
}
