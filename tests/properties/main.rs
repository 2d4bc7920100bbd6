//! Property tests: machines of Belpost against reference models, random inputs and failing disks.

mod mime;
mod spool_crash;
mod twin;
