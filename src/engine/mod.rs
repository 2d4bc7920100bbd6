//! Media worker threads: sockets, the timing wheel and the pace of every call.
