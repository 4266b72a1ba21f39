//! What the log says of a directory that is published as it is.

use crate::framework::Prebuilt;
use crate::log::{Event, Log};

impl Event for Prebuilt {
    fn write_to(&self, log: &Log) {
        let dir = self.dir.value.display().to_string();
        let origin = &self.dir.origin;
        log.bullet(&format!(
            "Directory {}, as it is ({origin})",
            dir.escape_debug()
        ));
    }
}
