//! Delivery by couriers that do as they are told, and the board of notices.

mod deliverer;
mod notices;
