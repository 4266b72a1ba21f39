//! The promises of the contract, which must hold in every world.

use super::world::{ASSETS, Age, BuilderAt, Content, Outcome, Stranger, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// A version with a marker has every asset with the marker's content. This also binds prunes, which delete the
    /// marker first.
    CompleteOrInvisible,
    /// A version that once had a marker never holds another content, even if it was pruned: browsers cache it for a
    /// year.
    NeverOverwritten,
    /// After a build exits with 0, its version is published for as long as its ref is fresh. Only a prune that starts a
    /// day later may delete it.
    ExitZeroVerifies,
    /// A file that a stranger wrote is not replaced.
    StrangerKept,
    /// A world without a next step has no running build.
    EveryBuildEnds,
}

/// Returns the promise that the world breaks.
pub(super) fn broken_promise(world: &World) -> Option<Promise> {
    let store = &world.store;
    let is_whole = |content: Content| store.assets == [Some(content); ASSETS];
    let is_other = |stored: Option<Content>| {
        stored.is_some() && store.published.is_some() && stored != store.published
    };
    if store.marker.is_some_and(|marker| !is_whole(marker)) {
        return Some(Promise::CompleteOrInvisible);
    }
    if is_other(store.marker) || store.assets.iter().any(|&it| is_other(it)) {
        return Some(Promise::NeverOverwritten);
    }
    if let Stranger::Done(asset) = world.stranger
        && store.assets[asset] != Some(Content::Stranger)
    {
        return Some(Promise::StrangerKept);
    }
    let is_lost = world.builders.iter().any(|builder| {
        let is_published = store.marker == Some(builder.content) && is_whole(builder.content);
        builder.at == BuilderAt::Ended(Outcome::Published)
            && builder.age == Age::Fresh
            && !is_published
    });
    is_lost.then_some(Promise::ExitZeroVerifies)
}

/// Returns the promise that is broken in a world without a next step.
pub(super) fn broken_promise_at_end(world: &World) -> Option<Promise> {
    let is_running = |it: BuilderAt| matches!(it, BuilderAt::Step(_));
    let mut builders = world.builders.iter();
    builders
        .any(|builder| is_running(builder.at))
        .then_some(Promise::EveryBuildEnds)
}
