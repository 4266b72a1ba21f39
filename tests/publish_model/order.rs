//! The orders of requests as data: those of the protocol, and those that were rejected.

use std::fmt;

/// The requests of a build, in their order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(super) steps: &'static [Step],
    pub(super) asset_writes: AssetWrites,
}

/// One request of a build. `PutAssets` is one for each asset, in any order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    PutRef,
    GetTombstone,
    GetMarker,
    /// Each content has a claim of its own. A claim of another content is a conflict, and so are files that were listed
    /// before if this content has no claim.
    ListClaims,
    PutClaim,
    ListClaimsAgain,
    /// A file that exists with equal content is not uploaded.
    ListVersion,
    /// The same after the claims: files are a conflict if this content has no claim.
    ListVersionOfOurs,
    PutAssets,
    PutMarker,
    /// All contents share one claim, which holds the content. Another content is a conflict.
    GetOneClaim,
    PutOneClaim,
    /// All contents share one claim. A build takes over the claim of another content if the version has no marker.
    ReadOneClaim,
    SwapOneClaim,
}

impl Order {
    /// Returns the requests of a first build with that many assets, by method and kind of object.
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
pub(super) enum AssetWrites {
    /// Never replaces an object if the store honours the condition.
    Create,
    /// The second asset is large, and completing its multipart upload replaces an existing object.
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
    asset_writes: AssetWrites::Create,
};

/// A build whose key may not list uploads every file.
pub(super) const DIGEST_WITHOUT_LIST: Order = Order {
    steps: &[
        Step::PutRef,
        Step::GetTombstone,
        Step::GetMarker,
        Step::PutAssets,
        Step::PutMarker,
    ],
    asset_writes: AssetWrites::Create,
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
    asset_writes: AssetWrites::Create,
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
    asset_writes: AssetWrites::Create,
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
    asset_writes: AssetWrites::Create,
};

/// Only conditional writes keep two contents apart.
pub(super) const CREATES_ONLY: Order = DIGEST;

pub(super) const CREATES_AND_MULTIPART: Order = Order {
    asset_writes: AssetWrites::MultipartForLarge,
    ..CREATES_ONLY
};

pub(super) const EXPLICIT_WITH_MULTIPART: Order = Order {
    asset_writes: AssetWrites::MultipartForLarge,
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
        // Reading the claim once more does not help.
        Step::GetOneClaim,
        Step::PutMarker,
    ],
    asset_writes: AssetWrites::Overwrite,
};

pub(super) const ONE_CLAIM_CHECKED: Order = Order {
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
    asset_writes: AssetWrites::Create,
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
    asset_writes: AssetWrites::Create,
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
    asset_writes: AssetWrites::Create,
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
    asset_writes: AssetWrites::Create,
};

/// The requests of a prune, in their order, and its rules.
#[derive(Clone, Copy, Debug)]
pub(super) struct PruneOrder {
    pub(super) steps: &'static [PruneStep],
    pub(super) spared_tombstone: SparedTombstone,
    pub(super) content: TombstoneContent,
    pub(super) deleting_ends: DeletingEnds,
    pub(super) start: PruneStart,
}

/// One kind of request of a prune. A deletion is one request for each object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PruneStep {
    /// Announces the prune by an object of its own, which it writes again while it runs.
    PutLease,
    /// Ends the prune if another one has a lease of the last hour.
    ListLeases,
    /// The content of the marker or tombstone goes into the new tombstone.
    GetMarkerAndTombstone,
    PutDeleting,
    /// A fresh ref ends the prune.
    ListRefs,
    DeleteMarker,
    DeleteAssets,
    DeleteClaims,
    PutDeleted,
}

impl fmt::Display for PruneStep {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::PutLease => "PUT lease",
            Self::ListLeases => "LIST leases",
            Self::GetMarkerAndTombstone => "GET marker and tombstone",
            Self::ListRefs => "LIST refs",
            Self::DeleteMarker => "no marker is left",
            Self::DeleteAssets => "no asset is left",
            Self::DeleteClaims => "no claim is left",
            Self::PutDeleting | Self::PutDeleted => "PUT tombstone",
        })
    }
}

/// The tombstone that a prune writes if it found a fresh ref.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SparedTombstone {
    Spared,
    /// `deleted` with the content, if it is known. A build of that content continues.
    KeepsContent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TombstoneContent {
    OfMarker,
    /// The content of the earlier tombstone if there is no marker.
    OfMarkerOrTombstone,
}

/// When a prune replaces `deleting`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeletingEnds {
    /// After every DELETE was answered or the last is an hour old, so that none lands later.
    DeletesLanded,
    AtOnce,
}

/// When the next prune starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PruneStart {
    AfterPrevious,
    /// Also waits until every tombstone of the previous prune has landed.
    AfterPreviousLanded,
    /// At any time: only the leases keep prunes apart. One counts until every write of its prune has landed, which is an
    /// hour after the last.
    ByLease,
}

pub(super) const PRUNE: PruneOrder = PruneOrder {
    steps: &[
        PruneStep::GetMarkerAndTombstone,
        PruneStep::PutDeleting,
        PruneStep::ListRefs,
        PruneStep::DeleteMarker,
        PruneStep::DeleteAssets,
        PruneStep::DeleteClaims,
        PruneStep::PutDeleted,
    ],
    spared_tombstone: SparedTombstone::KeepsContent,
    content: TombstoneContent::OfMarkerOrTombstone,
    deleting_ends: DeletingEnds::DeletesLanded,
    start: PruneStart::AfterPreviousLanded,
};

pub(super) const PRUNE_BY_LEASE: PruneOrder = PruneOrder {
    steps: &[
        PruneStep::PutLease,
        PruneStep::ListLeases,
        PruneStep::GetMarkerAndTombstone,
        PruneStep::PutDeleting,
        PruneStep::ListRefs,
        PruneStep::DeleteMarker,
        PruneStep::DeleteAssets,
        PruneStep::DeleteClaims,
        PruneStep::PutDeleted,
    ],
    start: PruneStart::ByLease,
    ..PRUNE
};

pub(super) const LEASES_LISTED_FIRST: PruneOrder = PruneOrder {
    steps: &[
        PruneStep::ListLeases,
        PruneStep::PutLease,
        PruneStep::GetMarkerAndTombstone,
        PruneStep::PutDeleting,
        PruneStep::ListRefs,
        PruneStep::DeleteMarker,
        PruneStep::DeleteAssets,
        PruneStep::DeleteClaims,
        PruneStep::PutDeleted,
    ],
    ..PRUNE_BY_LEASE
};

/// Nothing keeps prunes apart.
pub(super) const PRUNES_AT_ONCE: PruneOrder = PruneOrder {
    steps: PRUNE.steps,
    ..PRUNE_BY_LEASE
};

pub(super) const ASSETS_BEFORE_MARKER: PruneOrder = PruneOrder {
    steps: &[
        PruneStep::GetMarkerAndTombstone,
        PruneStep::PutDeleting,
        PruneStep::ListRefs,
        PruneStep::DeleteAssets,
        PruneStep::DeleteMarker,
        PruneStep::DeleteClaims,
        PruneStep::PutDeleted,
    ],
    ..PRUNE
};

pub(super) const SPARING_FORGETS_CONTENT: PruneOrder = PruneOrder {
    spared_tombstone: SparedTombstone::Spared,
    ..PRUNE
};

pub(super) const TOMBSTONE_FORGETS_CONTENT: PruneOrder = PruneOrder {
    content: TombstoneContent::OfMarker,
    ..PRUNE
};

pub(super) const PRUNES_CLOSE_TOGETHER: PruneOrder = PruneOrder {
    start: PruneStart::AfterPrevious,
    ..PRUNE
};

pub(super) const DELETING_ENDS_AT_ONCE: PruneOrder = PruneOrder {
    deleting_ends: DeletingEnds::AtOnce,
    ..PRUNE
};
