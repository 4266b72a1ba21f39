//! Why the official Node.js could not be brought into a build.

use super::check::no_answer;
use super::{Kind, Message};
use crate::framework::phoenix::{NodeProblem, WantedNode};
use indoc::formatdoc;

pub(super) fn no_official_node(url: &str, problem: &NodeProblem) -> Message {
    let kind = match problem {
        problem if problem.is_temporary() => Kind::Temporary,
        NodeProblem::Unpack(_) | NodeProblem::DoesNotStart(_) => Kind::Machine,
        _ => Kind::App,
    };
    let body = format!(
        "The asset pipeline needs Node.js, and 'node' is not on PATH. {}",
        what_failed(url, problem)
    );
    let details = match problem {
        NodeProblem::UnreadableIndex(error) => error.to_string(),
        NodeProblem::Unpack(output) | NodeProblem::DoesNotStart(output) => output.clone(),
        _ => String::new(),
    };
    Message::new(kind, title(url, problem), body).with_details(details)
}

fn title(url: &str, problem: &NodeProblem) -> String {
    match problem {
        NodeProblem::Unreachable(error) => {
            format!("No Node.js from {url}: {}", no_answer(error))
        }
        NodeProblem::Status(status) => format!("No Node.js: {status} from {url}"),
        NodeProblem::UnreadableIndex(_) => format!("{url} is not a list of Node.js versions"),
        NodeProblem::NoVersion(None) => format!("{url} lists no LTS version of Node.js"),
        NodeProblem::NoVersion(Some(WantedNode { range, source })) => {
            format!("No Node.js version matches '{range}' ({source})")
        }
        NodeProblem::UnreadableRange(WantedNode { range, source }) => format!(
            "{source} asks for Node.js '{}', which is not a version range",
            range.escape_debug()
        ),
        NodeProblem::NoChecksum(name) => format!("No checksum of {name}"),
        NodeProblem::WrongChecksum => format!("Wrong checksum: {url}"),
        NodeProblem::Unpack(_) => format!("tar can't unpack {url}"),
        NodeProblem::DoesNotStart(_) => format!("Node.js does not start: {url}"),
    }
}

/// What went wrong, the likeliest cause and the fix.
fn what_failed(url: &str, problem: &NodeProblem) -> String {
    match problem {
        NodeProblem::Unreachable(_) => formatdoc! {"
            Four attempts to download
              {url}
            got no answer. If the build can't reach this host, name a mirror that it can reach:
              STATIC_ASSETS_NODE_URL=https://…/dist
            {ELSE}"
        },
        NodeProblem::Status(status) if problem.is_temporary() => formatdoc! {"
            Four attempts to download
              {url}
            were answered with {status}. If the host stays down, name a mirror:
              STATIC_ASSETS_NODE_URL=https://…/dist
            {ELSE}"
        },
        NodeProblem::Status(status) => formatdoc! {"
            A download of
              {url}
            was answered with {status}. STATIC_ASSETS_NODE_URL must be the directory that holds index.json:
              STATIC_ASSETS_NODE_URL=https://nodejs.org/dist
            {ELSE}"
        },
        NodeProblem::UnreadableIndex(_) => formatdoc! {"
            The answer to
              {url}
            can't be read as the list of versions that it should be. Most likely a proxy answered in place of the
            server. To use a mirror:
              STATIC_ASSETS_NODE_URL=https://…/dist
            {ELSE}"
        },
        NodeProblem::NoVersion(_) => formatdoc! {"
            No version in
              {url}
            matches and has a build for this machine. Choose another range in package.json:
              \"engines\": {{\"node\": \"22.x\"}}
            If STATIC_ASSETS_NODE_URL names a mirror, the version may be missing there. {ELSE}"
        },
        NodeProblem::UnreadableRange(WantedNode { source, .. }) => formatdoc! {"
            The version to download comes from {source}. Write it as npm reads ranges, for example:
              22.x"
        },
        NodeProblem::NoChecksum(name) => formatdoc! {"
            The list of checksums
              {url}
            does not name {name}: this version has no build for this machine. Choose a newer one in package.json:
              \"engines\": {{\"node\": \"22.x\"}}
            {ELSE}"
        },
        NodeProblem::WrongChecksum => formatdoc! {"
            The SHA-256 of
              {url}
            differs from the one in SHASUMS256.txt, so nothing of the archive was unpacked or run. Most likely the
            download was cut, or a proxy or mirror changed it. To use another mirror:
              STATIC_ASSETS_NODE_URL=https://…/dist
            {ELSE}"
        },
        NodeProblem::Unpack(_) => formatdoc! {"
            The archive was downloaded and its checksum is right, but tar failed. Most likely the disk is full, or
            this image has no gzip. {ELSE}"
        },
        NodeProblem::DoesNotStart(_) => formatdoc! {"
            The archive was downloaded and its checksum is right, but bin/node --version failed or printed another
            version. Most likely this image lacks glibc, or has one that is too old. Choose an older version in
            package.json:
              \"engines\": {{\"node\": \"20.x\"}}
            {ELSE}"
        },
    }
}

const ELSE: &str = "Or install Node.js by a buildpack before this one:\n  heroku buildpacks:add --index 1 heroku/nodejs";
