//! The web server over real HTTP, its studio over a store of its own.
//!
//! What has to be decoded needs the program itself: that is shown end to end.

mod asking;
mod sending;
mod stand;
