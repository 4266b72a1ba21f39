//! Lists the objects under a prefix.

use super::error::{RequestError, RequestResult};
use super::objects::Objects;
use crate::plan::{ListedObject, Listing};
use crate::prefix::Key;
use object_store::list::PaginatedListOptions;

/// Azure may answer some empty pages in a row.
const MOST_EMPTY_PAGES: usize = 100;
/// No version has as many files.
const MOST_OBJECTS: usize = 10_000_000;

impl Objects {
    pub(super) async fn list(&self, dir: &Key) -> RequestResult<Listing> {
        let mut listed = Listing::new();
        let mut page_token = None;
        let mut empty_pages = 0;
        loop {
            let page = self.request(self.provider.list_action, dir, || {
                let options = PaginatedListOptions {
                    page_token: page_token.clone(),
                    ..PaginatedListOptions::default()
                };
                self.remote.list_paginated(Some(dir.as_str()), options)
            });
            let page = page.await?;
            empty_pages += 1;
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
                None => return Ok(listed),
                token if token == page_token || is_endless => {
                    let error = RequestError::Unexpected("the listing has no end".to_owned());
                    return Err(self.failed(self.provider.list_action, dir, error));
                }
                token => page_token = token,
            }
        }
    }
}
