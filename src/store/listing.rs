//! Lists the objects under a prefix.

use super::error::{RequestError, RequestResult};
use super::objects::Objects;
use crate::plan::{ListedObject, Listing};
use crate::prefix::Key;
use object_store::list::PaginatedListOptions;
use std::borrow::Cow;

/// Azure may answer some empty pages in a row.
const MOST_EMPTY_PAGES: usize = 100;
/// No version has as many files.
const MOST_OBJECTS: usize = 10_000_000;

impl Objects {
    /// Lists all objects whose keys begin with a directory, or with another start of a key.
    pub(super) async fn list(&self, dir: &Key) -> RequestResult<Listing> {
        Ok(self.list_level(dir, None).await?.0)
    }

    /// Lists what stands directly in a directory: objects, and the names of directories.
    pub(super) async fn list_top(&self, dir: &Key) -> RequestResult<(Listing, Vec<String>)> {
        self.list_level(dir, Some("/")).await
    }

    async fn list_level(
        &self,
        dir: &Key,
        delimiter: Option<&'static str>,
    ) -> RequestResult<(Listing, Vec<String>)> {
        let mut listed = Listing::new();
        let mut dirs = Vec::new();
        let mut page_token = None;
        let mut empty_pages = 0;
        loop {
            let page = self.request(self.provider.list_action, dir, || {
                let options = PaginatedListOptions {
                    delimiter: delimiter.map(Cow::Borrowed),
                    page_token: page_token.clone(),
                    ..PaginatedListOptions::default()
                };
                self.remote.list_paginated(Some(dir.as_str()), options)
            });
            let page = page.await?;
            empty_pages += 1;
            for found in page.result.common_prefixes {
                let name = found.as_ref().strip_prefix(dir.as_str());
                dirs.extend(name.map(str::to_owned));
            }
            for object in page.result.objects {
                let rest = object.location.as_ref().strip_prefix(dir.as_str());
                let stored = ListedObject {
                    size: object.size,
                    etag: object.e_tag,
                    modified: object.last_modified,
                };
                if let Some(rest) = rest.map(str::to_owned)
                    && let None = listed.insert(rest, stored)
                {
                    empty_pages = 0;
                }
            }
            let is_endless = empty_pages > MOST_EMPTY_PAGES || listed.len() > MOST_OBJECTS;
            match page.page_token {
                None => return Ok((listed, dirs)),
                token if token == page_token || is_endless => {
                    let error = RequestError::Unexpected("the listing has no end".to_owned());
                    return Err(self.failed(self.provider.list_action, dir, error));
                }
                token => page_token = token,
            }
        }
    }
}
