//! Why the official Node.js could not be brought into a build.

use super::check::no_answer;
use super::{Kind, Message, titled};
use crate::framework::phoenix::{NodeProblem, WantedNode};
use indoc::formatdoc;

pub(super) fn no_official_node(url: &str, problem: &NodeProblem) -> Message {
    let kind = match problem {
        problem if problem.is_temporary() => Kind::Temporary,
        NodeProblem::Unpack(_) | NodeProblem::DoesNotStart(_) => Kind::Machine,
        _ => Kind::App,
    };
    let details = match problem {
        NodeProblem::UnreadableIndex(error) => error.to_string(),
        NodeProblem::Unpack(output) | NodeProblem::DoesNotStart(output) => output.clone(),
        _ => String::new(),
    };
    let text = text(url, problem).replacen('\n', NEEDED, 1);
    titled(kind, &text).with_details(details)
}

/// The title, and under it the cause and the fix.
fn text(url: &str, problem: &NodeProblem) -> String {
    match problem {
        NodeProblem::Unreachable(error) => formatdoc! {"
            No Node.js: no answer from {url}
            Four attempts to download this file failed: {why}.
            If the build can't reach this host, name a mirror that it can reach:
              {MIRROR}
            {OTHERWISE}",
            why = no_answer(error)
        },
        NodeProblem::Status(status) if problem.is_temporary() => formatdoc! {"
            No Node.js: {status} from {url}
            Four attempts to download this file were answered with {status}. If the host stays down, name a mirror:
              {MIRROR}
            {OTHERWISE}"
        },
        NodeProblem::Status(status) => formatdoc! {"
            No Node.js: {status} from {url}
            STATIC_ASSETS_NODE_URL must be the directory that holds index.json, as this is:
              STATIC_ASSETS_NODE_URL=https://nodejs.org/dist
            {OTHERWISE}"
        },
        NodeProblem::UnreadableIndex(_) => formatdoc! {"
            {url} is not a list of Node.js versions
            Most likely a proxy answered in place of the server. To use a mirror:
              {MIRROR}
            {OTHERWISE}"
        },
        NodeProblem::NoVersion(wanted) => {
            let (wanted, source) = wanted.as_ref().map_or(("lts/*", "the default"), |wanted| {
                (wanted.range.as_str(), wanted.source.as_str())
            });
            formatdoc! {"
                No Node.js version matches '{wanted}' ({source})
                No version in {url} matches and has
                a build for this machine. Choose another range in package.json:
                  \"engines\": {{\"node\": \"22.x\"}}
                If STATIC_ASSETS_NODE_URL names a mirror, the version may be missing there. {OTHERWISE}"
            }
        }
        NodeProblem::UnreadableRange(WantedNode { range, source }) => formatdoc! {"
            Not a version range of Node.js: '{range}' ({source})
            {source} says which version to download. Write it as npm reads ranges, for example:
              22.x",
            range = range.escape_debug()
        },
        NodeProblem::NoChecksum(name) => formatdoc! {"
            No checksum of {name}
            The list of checksums does not name this archive, so there is no build for this machine:
              {url}
            Choose a newer version in package.json:
              \"engines\": {{\"node\": \"22.x\"}}
            {OTHERWISE}"
        },
        NodeProblem::WrongChecksum => formatdoc! {"
            Wrong checksum: {url}
            The SHA-256 of the downloaded archive differs from the one in SHASUMS256.txt, so nothing of it
            was unpacked or run. Most likely the download was cut, or a proxy or mirror changed it. To use another
            mirror:
              {MIRROR}
            {OTHERWISE}"
        },
        NodeProblem::Unpack(_) => formatdoc! {"
            tar can't unpack {url}
            The checksum of the downloaded archive is right. Most likely the disk is full, or this image has
            no gzip. {OTHERWISE}"
        },
        NodeProblem::DoesNotStart(_) => formatdoc! {"
            Node.js does not start: {url}
            The checksum of the downloaded archive is right, but its bin/node --version failed or printed
            another version. Most likely this image has no glibc, or one that is too old. Choose an older version in
            package.json:
              \"engines\": {{\"node\": \"20.x\"}}
            {OTHERWISE}"
        },
    }
}

/// Stands under each title.
const NEEDED: &str = "\nThe asset pipeline needs Node.js, and 'node' is not on PATH.\n";
const MIRROR: &str = "STATIC_ASSETS_NODE_URL=https://…/dist";
const OTHERWISE: &str = "Or install Node.js by a buildpack before this one:\n  heroku buildpacks:add --index 1 heroku/nodejs";
