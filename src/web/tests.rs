//! Tests over real HTTP; see below.
