//! What must hold in every world.

use super::world::{ASSETS, Age, At, Content, End, Stranger, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// A version with a marker has every asset, with the marker's content. A prune removes the marker
    /// first, so it is held to this too.
    CompleteOrInvisible,
    /// Under a name that once had a marker never lies another content, pruned or not: browsers hold
    /// it for a year.
    NeverOverwritten,
    /// What a build ended well with is published, for as long as its ref is fresh: of prunes, only one
    /// that starts a day later may take it away.
    ExitZeroVerifies,
    /// A file of somebody else is not replaced.
    StrangerKept,
    /// Nothing is left that could happen, and a build has not ended.
    EveryBuildEnds,
}

pub(super) fn broken(world: &World) -> Option<Promise> {
    let store = &world.store;
    let is_whole = |content: Content| store.assets == [Some(content); ASSETS];
    let is_stranger = |there: Option<Content>| {
        there.is_some() && store.published.is_some() && there != store.published
    };
    if store.marker.is_some_and(|marker| !is_whole(marker)) {
        return Some(Promise::CompleteOrInvisible);
    }
    if is_stranger(store.marker) || store.assets.iter().any(|&it| is_stranger(it)) {
        return Some(Promise::NeverOverwritten);
    }
    if let Stranger::Put(asset) = world.stranger
        && store.assets[asset] != Some(Content::Stranger)
    {
        return Some(Promise::StrangerKept);
    }
    let is_lost = world.builders.iter().any(|builder| {
        let is_published = store.marker == Some(builder.content) && is_whole(builder.content);
        builder.at == At::Ended(End::Published) && builder.age == Age::Fresh && !is_published
    });
    is_lost.then_some(Promise::ExitZeroVerifies)
}

/// Of a world in which nothing can happen any more.
pub(super) fn broken_at_the_end(world: &World) -> Option<Promise> {
    let is_running = |it: At| matches!(it, At::Step(_));
    let mut builders = world.builders.iter();
    builders
        .any(|builder| is_running(builder.at))
        .then_some(Promise::EveryBuildEnds)
}
