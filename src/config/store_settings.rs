//! The store and the public URL, from the settings or from a service binding of our own type.

use super::bindings::{Binding, at_most_one};
use super::env_vars::Variable;
use super::{ConfigProblem, ConfigResult, Origin, Setting, Sources, Unpublished, env_vars};
use crate::prefix::{PublicUrl, StoreUrl};
use crate::version::Version;

pub(super) struct StoreSettings<'a> {
    store: Option<Setting<String>>,
    public_url: Option<Setting<String>>,
    /// The name that replaces `{app}`.
    app: Option<String>,
    /// An `id` of `project.toml` that can't be a name.
    other_id: Option<String>,
    pub(super) binding: Option<&'a Binding>,
}

impl<'a> StoreSettings<'a> {
    pub(super) fn find(sources: &'a Sources<'_>) -> ConfigResult<Self> {
        let bindings = sources.bindings.iter();
        let own = bindings.filter(|binding| binding.kind == "static-assets");
        let binding = at_most_one(own)?;
        let entry = |name: &Variable| binding?.entry(&[&name.key()]);
        // Who binds the store decides on the prefix. Neither the app nor its platform can take another one's.
        let one_of = |name: &Variable| match (entry(name), sources.text(name)) {
            (Some(entry), Some(setting)) if setting.origin == Origin::BuilderDefault => {
                Ok(Some(entry))
            }
            (Some(entry), Some(setting)) if entry.value != setting.value => {
                let origins = [entry.origin, setting.origin].map(|origin| origin.to_string());
                Err(ConfigProblem::TwoSources(name.name, origins))
            }
            (entry, setting) => Ok(entry.or(setting)),
        };
        let store = one_of(&env_vars::STORE)?;
        if let (None, Some(Binding { name, .. })) = (&store, binding) {
            return Err(ConfigProblem::BindingWithoutStore(name.clone()));
        }
        let app = match (entry(&env_vars::APP), sources.text(&env_vars::APP)) {
            // `pack` makes the platform's environment of the app's own project.toml, too. What calls the program by itself
            // is an operator.
            (Some(_), Some(own)) if own.origin == Origin::Environment => Some(own),
            _ => one_of(&env_vars::APP)?,
        };
        // It is one part of a path, so that no app's prefix lies in that of another one.
        if let Some(app) = app.as_ref().filter(|app| !is_app_name(&app.value)) {
            return Err(ConfigProblem::App(app.clone()));
        }
        // An `id` has another purpose as well. What can't be a name is none.
        let (id, other_id) = match sources.project.id.clone() {
            Some(id) if is_app_name(&id) => (Some(id), None),
            other => (None, other),
        };
        let app = app.map(|app| app.value).or(id);
        Ok(Self {
            store,
            public_url: one_of(&env_vars::PUBLIC_URL)?,
            app,
            other_id,
            binding,
        })
    }

    pub(super) fn store(&self) -> ConfigResult<Option<StoreUrl>> {
        let Some(setting) = &self.store else {
            return Ok(None);
        };
        match self.with_app(&setting.value)?.parse() {
            Ok(store) => Ok(Some(store)),
            Err(error) => Err(ConfigProblem::Store(setting.clone(), error)),
        }
    }

    pub(super) fn public_url(&self) -> ConfigResult<Option<PublicUrl>> {
        let Some(Setting { value, origin }) = &self.public_url else {
            return Ok(None);
        };
        let url = self.with_app(value)?;
        parse_public_url(Setting::new(url, origin.clone())).map(Some)
    }

    /// Why an app without a name takes no part, if a fleet's binding or builder gives each app a prefix of its own: it
    /// can't know which apps there are.
    pub(super) fn explain_nameless(&self) -> Option<Unpublished> {
        use Origin::{Binding, Builder, BuilderDefault};
        let store = self.store.as_ref()?;
        let mut settings = [Some(store), self.public_url.as_ref()]
            .into_iter()
            .flatten();
        let needs_name = settings.any(|setting| setting.value.contains("{app}"));
        let is_of_fleet = matches!(store.origin, Binding(_) | Builder | BuilderDefault);
        (needs_name && is_of_fleet && self.app.is_none())
            .then(|| Unpublished::Nameless(store.origin.clone(), self.other_id.clone()))
    }

    fn with_app(&self, text: &str) -> ConfigResult<String> {
        match &self.app {
            Some(app) => Ok(text.replace("{app}", app)),
            None if text.contains("{app}") => Err(ConfigProblem::AppMissing(self.other_id.clone())),
            None => Ok(text.to_owned()),
        }
    }

    /// Whether the processes of a release use another base than the pinned one. They know only their environment, and
    /// no name for `{app}`.
    pub(super) fn is_base_of_processes(&self) -> bool {
        self.public_url.as_ref().is_some_and(|setting| {
            setting.origin == Origin::Environment && !setting.value.contains("{app}")
        })
    }
}

/// A name is one part of a path, which a version's rule holds for.
fn is_app_name(name: &str) -> bool {
    name.parse::<Version>().is_ok()
}

pub(super) fn parse_public_url(setting: Setting<String>) -> ConfigResult<PublicUrl> {
    let parsed = setting.value.parse();
    parsed.map_err(|error| ConfigProblem::PublicUrl(setting, error))
}
