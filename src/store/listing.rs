//! Lists the objects under a prefix.

use super::error::{FailedRequest, RequestError, RequestResult};
use super::objects::Objects;
use crate::plan::{ListedObject, Listing};
use crate::prefix::Key;
use futures_util::{Stream, TryStreamExt, stream};
use object_store::list::PaginatedListOptions;
use object_store::path::Path;
use std::borrow::Cow;

/// Azure may answer some empty pages in a row.
const MOST_EMPTY_PAGES: usize = 100;
/// Some servers answer a page of directories for each 1,000 objects in them.
const MOST_TOP_PAGES: usize = MOST_OBJECTS / 1000;
/// No version has as many files.
const MOST_OBJECTS: usize = 10_000_000;

/// One answer of a listing.
struct Page {
    objects: Listing,
    /// The names of directories, if only one level is listed.
    dirs: Vec<String>,
    next: Option<String>,
}

impl Objects {
    /// Lists all objects whose keys begin with a directory, or with another start of a key.
    pub(super) async fn list(&self, dir: &Key) -> RequestResult<Listing> {
        let pages = self.pages(dir);
        pages
            .try_fold(Listing::new(), async |mut listed, page| {
                listed.extend(page);
                Ok(listed)
            })
            .await
    }

    /// Lists what stands directly in a directory: objects, and the names of directories.
    pub(super) async fn list_top(&self, dir: &Key) -> RequestResult<(Listing, Vec<String>)> {
        let (mut listed, mut dirs, mut next) = (Listing::new(), Vec::new(), None);
        for _ in 0..MOST_TOP_PAGES {
            let page = self.page(dir, Some("/"), next).await?;
            listed.extend(page.objects);
            dirs.extend(page.dirs);
            next = page.next;
            if next.is_none() {
                return Ok((listed, dirs));
            }
        }
        Err(self.endless(dir))
    }

    /// The answers of a listing, as they come.
    pub(super) fn pages<'a>(
        &'a self,
        dir: &Key,
    ) -> impl Stream<Item = RequestResult<Listing>> + Send + Unpin + use<'a> {
        let dir = dir.clone();
        let start = Some((None::<String>, 0, 0));
        Box::pin(stream::try_unfold(start, move |state| {
            let dir = dir.clone();
            async move {
                let Some((token, mut empty_pages, listed)) = state else {
                    return Ok(None);
                };
                let page = self.page(&dir, None, token.clone()).await?;
                empty_pages = if page.objects.is_empty() {
                    empty_pages + 1
                } else {
                    0
                };
                let listed = listed + page.objects.len();
                let is_endless = empty_pages > MOST_EMPTY_PAGES || listed > MOST_OBJECTS;
                if page.next.is_some() && (page.next == token || is_endless) {
                    return Err(self.endless(&dir));
                }
                let next = page.next.map(|next| (Some(next), empty_pages, listed));
                Ok(Some((page.objects, next)))
            }
        }))
    }

    async fn page(
        &self,
        dir: &Key,
        delimiter: Option<&'static str>,
        token: Option<String>,
    ) -> RequestResult<Page> {
        let page = self.request(self.provider.list_action, dir, |remote| {
            let options = PaginatedListOptions {
                delimiter: delimiter.map(Cow::Borrowed),
                page_token: token.clone(),
                ..PaginatedListOptions::default()
            };
            async move { remote.list_paginated(Some(dir.as_str()), options).await }
        });
        let page = page.await?;
        let rest = |path: &Path| Some(path.as_ref().strip_prefix(dir.as_str())?.to_owned());
        let objects = page.result.objects.into_iter().filter_map(|object| {
            let stored = ListedObject {
                size: object.size,
                etag: object.e_tag,
                modified: object.last_modified,
            };
            Some((rest(&object.location)?, stored))
        });
        Ok(Page {
            objects: objects.collect(),
            dirs: page
                .result
                .common_prefixes
                .iter()
                .filter_map(rest)
                .collect(),
            next: page.page_token,
        })
    }

    fn endless(&self, dir: &Key) -> FailedRequest {
        let error = RequestError::Unexpected("the listing has no end".to_owned());
        self.failed(self.provider.list_action, dir, error)
    }
}
