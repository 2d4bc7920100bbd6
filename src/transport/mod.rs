//! SIP sockets: UDP and TCP around the socket-less SIP machine.
