//! The SIP machine from outside: messages and commands in, messages and events out.

mod answering;
mod bounds;
mod changing;
mod garbage;
mod keeping_alive;
mod leaving;
mod notifying;
mod phone;
mod placing;
mod refusing;
mod registering;
mod routing;
mod subscribing;
mod trusting;
