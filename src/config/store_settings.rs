//! The store and the public URL, from the settings or from a service binding of our own type.

use super::bindings::{Binding, at_most_one};
use super::env_vars::Variable;
use super::{ConfigProblem, ConfigResult, Origin, Setting, Sources, env_vars};
use crate::prefix::{PublicUrl, StoreUrl};

pub(super) struct StoreSettings<'a> {
    store: Option<Setting<String>>,
    public_url: Option<Setting<String>>,
    /// The name that replaces `{app}`.
    app: Option<String>,
    pub(super) binding: Option<&'a Binding>,
}

impl<'a> StoreSettings<'a> {
    pub(super) fn find(sources: &'a Sources<'_>) -> ConfigResult<Self> {
        let bindings = sources.bindings.iter();
        let own = bindings.filter(|binding| binding.kind == "static-assets");
        let binding = at_most_one(own)?;
        let entry = |name: &Variable| binding?.entry(&[&name.key()]);
        let one_of = |name: &Variable| match (entry(name), sources.text(name)) {
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
        let app = sources.text(&env_vars::APP);
        // Who binds the store gives each app its own prefix. The app itself can't take another one's.
        if let (Some(given), Some(own)) = (entry(&env_vars::APP), &app)
            && own.origin == Origin::ProjectToml
            && given.value != own.value
        {
            let origins = [given.origin, own.origin.clone()].map(|origin| origin.to_string());
            return Err(ConfigProblem::TwoSources(env_vars::APP.name, origins));
        }
        let app = app.or_else(|| entry(&env_vars::APP));
        let app = app
            .map(|app| app.value)
            .or_else(|| sources.project.id.clone());
        Ok(Self {
            store,
            public_url: one_of(&env_vars::PUBLIC_URL)?,
            app: app.filter(|app| !app.trim().is_empty()),
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
        parse_public_url(Setting::new(self.with_app(value)?, origin.clone())).map(Some)
    }

    /// Who gives each app a prefix of its own, if this app has no name for it. A fleet's binding or builder can't know
    /// which apps take part.
    pub(super) fn nameless_origin(&self) -> Option<Origin> {
        let settings = [&self.store, &self.public_url].into_iter().flatten();
        let needing = settings.filter(|setting| setting.value.contains("{app}"));
        let mut origins = needing.map(|setting| &setting.origin);
        let is_of_fleet = |origin: &&Origin| {
            use Origin::{Binding, Builder, BuilderDefault};
            matches!(origin, Binding(_) | Builder | BuilderDefault)
        };
        origins
            .find(is_of_fleet)
            .cloned()
            .filter(|_| self.app.is_none())
    }

    fn with_app(&self, text: &str) -> ConfigResult<String> {
        match &self.app {
            Some(app) => Ok(text.replace("{app}", app)),
            None if text.contains("{app}") => Err(ConfigProblem::AppMissing),
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

pub(super) fn parse_public_url(setting: Setting<String>) -> ConfigResult<PublicUrl> {
    let parsed = setting.value.parse();
    parsed.map_err(|error| ConfigProblem::PublicUrl(setting, error))
}
