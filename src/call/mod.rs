//! Calls: routing, the session of one call, and the switch that owns them all.
