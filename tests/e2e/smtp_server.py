#!/usr/bin/python3
"""A mail server for tests: aiosmtpd on a free port of loopback.

usage: smtp_server.py FOLDER [--auth USER:PASSWORD] [--starttls CERTIFICATE KEY]

Prints "port N". Every mail it takes is kept in FOLDER as N.eml; every mail whose end it has seen,
taken or not, adds "ADDRESS MESSAGE-ID" to FOLDER/seen.

What it does to a recipient is in the local part of the address: words parted by dots, the first
for the first try, and so on; after the last word mail is taken. Words: 451, 421 (and it closes),
452, 550, 552 answer so to RCPT; drop takes the mail's data and hangs up without keeping it; lost
keeps it and hangs up all the same; slow keeps it after a second; a word that is none of these is
a name and takes the mail.
"""

import argparse
import asyncio
import email
import ssl
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

REFUSALS = {
    "421": "421 4.3.2 closing",
    "451": "451 4.3.0 not now",
    "452": "452 4.2.2 mailbox full",
    "550": "550 5.1.1 no such user",
    "552": "552 5.2.2 mailbox full",
}


class Mailboxes:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.tries = {}
        self.kept = 0

    def word(self, address):
        """The word that counts for this try."""
        words = address.split("@")[0].split(".")
        at = self.tries.get(address, 0)
        return words[at] if at < len(words) else "taken"

    def tried(self, address):
        self.tries[address] = self.tries.get(address, 0) + 1

    def keep(self, content):
        self.kept += 1
        # Under its own name it is whole.
        part = self.folder / f"{self.kept}.part"
        part.write_bytes(content)
        part.rename(part.with_suffix(".eml"))

    async def handle_RCPT(self, server, session, envelope, address, options):
        refusal = REFUSALS.get(self.word(address))
        if refusal:
            self.tried(address)
            if refusal.startswith("421"):
                asyncio.get_running_loop().call_later(0.01, server.transport.close)
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server, session, envelope):
        address = envelope.rcpt_tos[0]
        word = self.word(address)
        self.tried(address)
        content = envelope.original_content
        message_id = email.message_from_bytes(content)["Message-ID"]
        with open(self.folder / "seen", "a") as seen:
            seen.write(f"{address} {message_id}\n")
        if word == "slow":
            await asyncio.sleep(1)
        if word != "drop":
            self.keep(content)
        if word in ("drop", "lost"):
            server.transport.abort()
        return f"250 2.0.0 Ok: kept as {self.kept}"


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--auth", metavar="USER:PASSWORD")
    parser.add_argument("--starttls", nargs=2, metavar=("CERTIFICATE", "KEY"))
    arguments = parser.parse_args()
    options = {"hostname": "smtp.test"}
    if arguments.starttls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*arguments.starttls)
        options.update(tls_context=context, require_starttls=True)
    if arguments.auth:
        user, password = arguments.auth.split(":")
        expected = LoginPassword(user.encode(), password.encode())

        def authenticate(server, session, envelope, mechanism, given):
            return AuthResult(success=given == expected, handled=False)

        options.update(
            authenticator=authenticate,
            auth_required=True,
            auth_require_tls=bool(arguments.starttls),
        )
    mailboxes = Mailboxes(arguments.folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(mailboxes, loop=loop, **options), "127.0.0.1", 0
    )
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
