//! A prefix of the test's own on the Azure Blob server (Azurite) that `script/services` starts.

use super::http::{self, Answer};
use super::{random_name, skipped, variable, xml};
use std::collections::BTreeMap;
use url::Url;

/// A prefix of the container that all tests share. Keys are relative to it.
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) prefix: String,
    /// A URL with the account as its path, as servers without a domain have it.
    pub(crate) endpoint: String,
    pub(crate) account: String,
    pub(crate) key: String,
    /// A shared access signature with every right on the blobs of the container and no other, as a query.
    pub(crate) sas: String,
    /// One that may create and read, the least for a build.
    pub(crate) least_sas: String,
}

impl Container {
    /// `None`, and logged as skipped, if no server is up.
    pub(crate) fn find() -> Option<Self> {
        let Some(endpoint) = variable("STATIC_ASSETS_TEST_AZURE_ENDPOINT") else {
            skipped("no Azure server is up (script/services -- cargo test, with Node.js and npm)");
            return None;
        };
        Some(Self {
            name: variable("STATIC_ASSETS_TEST_AZURE_CONTAINER").unwrap(),
            prefix: random_name("test-"),
            endpoint,
            account: variable("STATIC_ASSETS_TEST_AZURE_ACCOUNT").unwrap(),
            key: variable("STATIC_ASSETS_TEST_AZURE_KEY").unwrap(),
            sas: variable("STATIC_ASSETS_TEST_AZURE_SAS").unwrap(),
            least_sas: variable("STATIC_ASSETS_TEST_AZURE_LEAST_SAS").unwrap(),
        })
    }

    /// The URL under which anyone can read the blobs of the prefix.
    pub(crate) fn url(&self) -> String {
        format!("{}/{}/{}", self.endpoint, self.name, self.prefix)
    }

    /// The connection string in the form that the portal shows.
    pub(crate) fn connection_string(&self) -> String {
        format!(
            "DefaultEndpointsProtocol=http;AccountName={};AccountKey={};BlobEndpoint={};",
            self.account, self.key, self.endpoint
        )
    }

    /// Returns every blob by its key.
    pub(crate) fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        let prefix = format!("{}/", self.prefix);
        let mut list = Url::parse(&format!("{}/{}", self.endpoint, self.name)).unwrap();
        list.set_query(Some(&self.sas));
        list.query_pairs_mut()
            .append_pair("restype", "container")
            .append_pair("comp", "list")
            .append_pair("prefix", &prefix);
        let mut keys = Vec::new();
        let mut marker = String::new();
        loop {
            let mut page = list.clone();
            page.query_pairs_mut().append_pair("marker", &marker);
            let answer = http::get(page.as_str());
            assert_eq!(answer.status, 200, "{}", answer.text());
            let answer = answer.text();
            keys.extend(xml::texts(&answer, "Name"));
            marker = xml::texts(&answer, "NextMarker").concat();
            if marker.is_empty() {
                break;
            }
        }
        keys.into_iter()
            .map(|key| {
                let key = key.strip_prefix(&prefix).unwrap().to_owned();
                let blob = self.send("GET", &key, &[], b"");
                assert_eq!(blob.status, 200, "{key}: {}", blob.text());
                (key, blob.body)
            })
            .collect()
    }

    pub(crate) fn put(&self, key: &str, body: &[u8]) {
        let answer = self.send("PUT", key, &[("x-ms-blob-type", "BlockBlob")], body);
        assert_eq!(answer.status, 201, "{}", answer.text());
    }

    pub(crate) fn delete(&self, key: &str) {
        let answer = self.send("DELETE", key, &[], b"");
        assert_eq!(answer.status, 202, "{}", answer.text());
    }

    fn send(&self, method: &str, key: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut url = Url::parse(&self.url()).unwrap();
        url.path_segments_mut().unwrap().extend(key.split('/'));
        url.set_query(Some(&self.sas));
        http::send(method, url.as_str(), headers, body)
    }
}
