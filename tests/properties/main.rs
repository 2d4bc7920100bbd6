//! Property tests: machines of Belpost against reference models, random inputs and failing disks.

mod spool_crash;
mod twin;
