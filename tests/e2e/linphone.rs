//! linphonec, a telephone that offers a dozen formats at several rates, leaves a message.

use crate::harness::events::{ANSWER, TAKE_BEGAN};
use crate::harness::linphone::Linphone;
use crate::harness::sound::{self, speech};
use crate::harness::{Server, eventually, seconds};

#[test]
fn a_phone_that_offers_many_formats_leaves_a_message() {
    let server = Server::start();
    let said = speech(60.0, 7);
    let mut phone = Linphone::start(server.address(), "0201234567", &said);
    phone.call("2001");
    let happened = |what: &'static str| {
        let server = &server;
        move || {
            server
                .events()
                .iter()
                .any(|e| e.what() == what)
                .then_some(())
        }
    };
    eventually("the call is up", seconds(15.0), happened(ANSWER));
    std::thread::sleep(seconds(1.0));
    phone.press('#');
    eventually("the recording runs", seconds(15.0), happened(TAKE_BEGAN));
    std::thread::sleep(seconds(5.0));
    phone.hang_up();
    let message = server.await_messages("2001", 1).only();
    assert!(
        (4.0..7.0).contains(&message.length()),
        "{} s",
        message.length()
    );
    let middle = sound::cut(&message.sound, 1.0, 2.0);
    assert!(
        sound::find(&said, middle).is_some(),
        "its words are in the message"
    );
    eventually("the phone has written what it heard", seconds(5.0), || {
        (!sound::is_silent(&phone.heard())).then_some(())
    });
}
