//! Counts requests to the store by what they cost.

use crate::plan::Requests;
use object_store::client::HttpRequest;

pub(super) fn count(requests: &mut Requests, request: &HttpRequest) {
    let query = request.uri().query().unwrap_or_default();
    let is_list = query.contains("list-type=2")
        || query.contains("comp=list&")
        || query.ends_with("comp=list");
    *match request.method().as_str() {
        "GET" if is_list => &mut requests.list,
        "GET" => &mut requests.get,
        "HEAD" => &mut requests.head,
        // Multipart uploads also send POST and DELETE.
        _ => &mut requests.put,
    } += 1;
}
