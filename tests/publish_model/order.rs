//! Orders of requests, as data: the protocol's own, and those that were not taken.

use std::fmt;

/// What a build does under one version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(super) steps: &'static [Step],
    pub(super) puts: Puts,
}

/// One request of a build; of `PutAssets`, one for each asset, in any order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    PutRef,
    GetTombstone,
    GetMarker,
    /// Each content has a claim of its own; another content's is a conflict. So are files that were
    /// listed before and have no claim of ours.
    ListClaims,
    PutClaim,
    ListClaimsAgain,
    /// What is there and equal need not be put.
    ListVersion,
    /// The same, after the claims: what is there without a claim of ours is a conflict.
    ListVersionOfOurs,
    PutAssets,
    PutMarker,
    /// One claim for all contents, whose value is the content; another content is a conflict.
    GetOneClaim,
    PutOneClaim,
    /// One claim; another content's is taken over where it has no marker.
    ReadOneClaim,
    SwapOneClaim,
}

impl Order {
    /// Each request of a first build of that many assets; the method, and the folder it is about.
    pub(crate) fn requests(&self, assets: usize) -> Vec<&'static str> {
        let requests = self.steps.iter().flat_map(|&step| {
            let (request, times) = match step {
                Step::PutRef => ("PUT refs", 1),
                Step::GetTombstone => ("GET tombstones", 1),
                Step::GetMarker => ("GET versions", 1),
                Step::ListClaims | Step::ListClaimsAgain => ("GET list claims", 1),
                Step::PutClaim | Step::PutOneClaim | Step::SwapOneClaim => ("PUT claims", 1),
                Step::ListVersion | Step::ListVersionOfOurs => ("GET list version", 1),
                Step::PutAssets => ("PUT asset", assets),
                Step::PutMarker => ("PUT versions", 1),
                Step::GetOneClaim | Step::ReadOneClaim => ("GET claims", 1),
            };
            std::iter::repeat_n(request, times)
        });
        requests.collect()
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::PutRef => "PUT ref",
            Self::GetTombstone => "GET tombstone",
            Self::GetMarker => "GET marker",
            Self::ListClaims | Self::ListClaimsAgain => "LIST claims",
            Self::PutClaim | Self::PutOneClaim | Self::SwapOneClaim => "PUT claim",
            Self::ListVersion | Self::ListVersionOfOurs => "LIST version",
            Self::PutAssets => "PUT assets",
            Self::PutMarker => "PUT marker",
            Self::GetOneClaim | Self::ReadOneClaim => "GET claim",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Puts {
    /// Replace nothing, where the store honours that.
    Create,
    /// The second asset is large; the completion of a multipart upload replaces what is there.
    MultipartForLarge,
    Overwrite,
}

pub(crate) const DIGEST: Order = Order {
    steps: &[
        Step::PutRef,
        Step::GetTombstone,
        Step::GetMarker,
        Step::ListVersion,
        Step::PutAssets,
        Step::PutMarker,
    ],
    puts: Puts::Create,
};

/// Without the right to list, nothing is known to be there.
pub(super) const DIGEST_WITHOUT_LIST: Order = Order {
    steps: &[
        Step::PutRef,
        Step::GetTombstone,
        Step::GetMarker,
        Step::PutAssets,
        Step::PutMarker,
    ],
    puts: Puts::Create,
};

pub(crate) const EXPLICIT: Order = Order {
    steps: &[
        Step::PutRef,
        Step::GetTombstone,
        Step::GetMarker,
        Step::ListVersion,
        Step::ListClaims,
        Step::PutClaim,
        Step::ListClaimsAgain,
        Step::PutAssets,
        Step::PutMarker,
    ],
    puts: Puts::Create,
};

pub(super) const CLAIMS_BEFORE_VERSION: Order = Order {
    steps: &[
        Step::PutRef,
        Step::GetTombstone,
        Step::GetMarker,
        Step::ListClaims,
        Step::ListVersionOfOurs,
        Step::PutClaim,
        Step::ListClaimsAgain,
        Step::PutAssets,
        Step::PutMarker,
    ],
    puts: Puts::Create,
};

pub(super) const CLAIMS_LISTED_ONCE: Order = Order {
    steps: &[
        Step::PutRef,
        Step::GetTombstone,
        Step::GetMarker,
        Step::ListVersion,
        Step::ListClaims,
        Step::PutClaim,
        Step::PutAssets,
        Step::PutMarker,
    ],
    puts: Puts::Create,
};

/// Nothing but the creates keeps two contents apart.
pub(super) const CREATES_ONLY: Order = DIGEST;

pub(super) const CREATES_AND_MULTIPART: Order = Order {
    puts: Puts::MultipartForLarge,
    ..CREATES_ONLY
};

pub(super) const EXPLICIT_WITH_MULTIPART: Order = Order {
    puts: Puts::MultipartForLarge,
    ..EXPLICIT
};

pub(super) const ONE_CLAIM_SWAPPED: Order = Order {
    steps: &[
        Step::PutRef,
        Step::GetTombstone,
        Step::GetMarker,
        Step::ReadOneClaim,
        Step::SwapOneClaim,
        Step::PutAssets,
        // Still ours? It does not help.
        Step::GetOneClaim,
        Step::PutMarker,
    ],
    puts: Puts::Overwrite,
};

pub(super) const ONE_CLAIM_LOOKED_FOR: Order = Order {
    steps: &[
        Step::PutRef,
        Step::GetTombstone,
        Step::GetMarker,
        Step::GetOneClaim,
        Step::PutOneClaim,
        Step::GetOneClaim,
        Step::ListVersion,
        Step::PutAssets,
        Step::PutMarker,
    ],
    puts: Puts::Create,
};

pub(super) const REF_LAST: Order = Order {
    steps: &[
        Step::GetTombstone,
        Step::GetMarker,
        Step::ListVersion,
        Step::PutAssets,
        Step::PutMarker,
        Step::PutRef,
    ],
    puts: Puts::Create,
};

pub(super) const TOMBSTONE_BEFORE_REF: Order = Order {
    steps: &[
        Step::GetTombstone,
        Step::PutRef,
        Step::GetMarker,
        Step::ListVersion,
        Step::PutAssets,
        Step::PutMarker,
    ],
    puts: Puts::Create,
};

pub(super) const MARKER_BEFORE_ASSETS: Order = Order {
    steps: &[
        Step::PutRef,
        Step::GetTombstone,
        Step::GetMarker,
        Step::ListVersion,
        Step::PutMarker,
        Step::PutAssets,
    ],
    puts: Puts::Create,
};

/// What a prune does to the version.
#[derive(Clone, Copy, Debug)]
pub(super) struct PruneOrder {
    pub(super) steps: &'static [PruneStep],
    pub(super) spare: Spare,
    pub(super) content: TombstoneContent,
    pub(super) leaves: Leaves,
    pub(super) starts: Starts,
}

/// One kind of request of a prune; of the deletions, one for each object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PruneStep {
    /// GET the marker and the tombstone: their content goes into the new tombstone.
    Look,
    PutDeleting,
    /// A fresh one ends the prune.
    ListRefs,
    DeleteMarker,
    DeleteAssets,
    DeleteClaims,
    PutDeleted,
}

impl fmt::Display for PruneStep {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Look => "GET marker and tombstone",
            Self::ListRefs => "LIST refs",
            Self::DeleteMarker => "no marker is left",
            Self::DeleteAssets => "no asset is left",
            Self::DeleteClaims => "no claim is left",
            Self::PutDeleting | Self::PutDeleted => "PUT tombstone",
        })
    }
}

/// What a prune writes that found a fresh ref.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spare {
    Spared,
    /// `deleted`, with the content, where one is known: a build of that content goes on.
    KeepsContent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TombstoneContent {
    OfMarker,
    /// Without a marker, that of the tombstone which was there.
    OfMarkerOrTombstone,
}

/// When a prune replaces `deleting`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaves {
    /// Every DELETE was answered, or the last is an hour old: none lands later.
    AfterItsDeletes,
    AtOnce,
}

/// When the next prune starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Starts {
    AfterTheLast,
    /// And none of its tombstones is still on its way.
    AfterTheLastLanded,
}

pub(super) const PRUNE: PruneOrder = PruneOrder {
    steps: &[
        PruneStep::Look,
        PruneStep::PutDeleting,
        PruneStep::ListRefs,
        PruneStep::DeleteMarker,
        PruneStep::DeleteAssets,
        PruneStep::DeleteClaims,
        PruneStep::PutDeleted,
    ],
    spare: Spare::KeepsContent,
    content: TombstoneContent::OfMarkerOrTombstone,
    leaves: Leaves::AfterItsDeletes,
    starts: Starts::AfterTheLastLanded,
};

pub(super) const ASSETS_BEFORE_MARKER: PruneOrder = PruneOrder {
    steps: &[
        PruneStep::Look,
        PruneStep::PutDeleting,
        PruneStep::ListRefs,
        PruneStep::DeleteAssets,
        PruneStep::DeleteMarker,
        PruneStep::DeleteClaims,
        PruneStep::PutDeleted,
    ],
    ..PRUNE
};

pub(super) const SPARE_FORGETS: PruneOrder = PruneOrder {
    spare: Spare::Spared,
    ..PRUNE
};

pub(super) const TOMBSTONE_FORGETS: PruneOrder = PruneOrder {
    content: TombstoneContent::OfMarker,
    ..PRUNE
};

pub(super) const PRUNES_CLOSE_TOGETHER: PruneOrder = PruneOrder {
    starts: Starts::AfterTheLast,
    ..PRUNE
};

pub(super) const LEAVES_AT_ONCE: PruneOrder = PruneOrder {
    leaves: Leaves::AtOnce,
    ..PRUNE
};
