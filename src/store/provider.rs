//! All in which S3, Azure and GCS differ, as one value.

use crate::prefix::Scheme;

#[derive(Clone, Copy, Debug)]
pub(super) struct Provider {
    /// An `ETag` is the MD5 of the body, unless customers' keys encrypt the object or it was assembled from parts.
    pub(super) has_md5_etags: bool,
    /// The most requests in flight that the store takes from one client.
    pub(super) highest_limit: usize,
    /// Permissions, as the store calls them.
    pub(super) get_action: &'static str,
    pub(super) list_action: &'static str,
    pub(super) create_action: &'static str,
    pub(super) delete_action: &'static str,
    /// How many objects one request can delete.
    pub(super) most_deletes: usize,
}

impl Provider {
    pub(super) fn of(scheme: Scheme) -> Self {
        match scheme {
            // S3 takes 3,500 uploads a second under one prefix:
            // https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
            Scheme::S3 => Self {
                has_md5_etags: true,
                highest_limit: 256,
                get_action: "s3:GetObject",
                list_action: "s3:ListBucket",
                create_action: "s3:PutObject",
                delete_action: "s3:DeleteObject",
                most_deletes: 1000,
            },
            // https://learn.microsoft.com/azure/storage/blobs/authorize-access-azure-active-directory
            Scheme::Azure => Self {
                has_md5_etags: false,
                highest_limit: 256,
                get_action: "read",
                list_action: "list",
                create_action: "create",
                delete_action: "delete",
                most_deletes: 256,
            },
            // GCS takes 1,000 writes a second at first, and raises that slowly:
            // https://cloud.google.com/storage/docs/request-rate
            Scheme::Gcs => Self {
                has_md5_etags: true,
                highest_limit: 100,
                get_action: "storage.objects.get",
                list_action: "storage.objects.list",
                create_action: "storage.objects.create",
                delete_action: "storage.objects.delete",
                most_deletes: 1,
            },
        }
    }
}
