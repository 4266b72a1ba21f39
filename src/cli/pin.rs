//! `static-assets pin` and `static-assets unpin`: what keeps a version from a prune.

use super::args::PinArgs;
use super::inspect::open;
use crate::log::Log;
use crate::message::Message;
use crate::operate::PinName;

pub(super) fn pin(args: &PinArgs, log: &Log) -> Result<(), Message> {
    Ok(open(log)?.pin(&args.pin, &args.reason, log)?)
}

pub(super) fn unpin(pin: &PinName, log: &Log) -> Result<(), Message> {
    Ok(open(log)?.unpin(pin, log)?)
}
