"""Makes a node of kafka_broker.py one that asks its clients who they are, in TLS, and lets them do what they may.

What a client needs lies in the node's folder: ca.pem, the authority that made the node's certificate, and users/NAME
with the password of that user and nothing else. The user admin may do everything; job only what it has been allowed to.
Both log in by PLAIN or by SCRAM-SHA-512. Beside the clients' listener is one without all this, for the node itself and
for kafka_broker.py: whoever comes there is User:ANONYMOUS, and may do everything. It is on loopback, as all is.

Needed: openssl, 3.0 or newer.
"""

import os
import secrets
import struct
import subprocess

from kafka_jars import Failure, needed

USERS = ["admin", "job"]
PROPERTIES = """\
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required {users};
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={folder}/node.pem
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:admin
"""


# Numbers of Kafka's protocol.
OPERATIONS = {"read": 3, "write": 4, "create": 5, "describe": 8}
RESOURCES = {"topic": 2, "group": 3, "transactional-id": 5}
CREATE_ACLS, DESCRIBE_ACLS, VERSION = 30, 29, 1
LITERAL, PREFIXED, ALLOW = 3, 4, 3
PRINCIPAL = "User:job"


def password(folder, user):
    return (folder / "users" / user).read_text()


def is_secure(folder):
    return (folder / "users").is_dir()


def openssl():
    return needed("openssl", "openssl")


def certify(folder, name, *options):
    """A key name.key and its certificate name.crt."""
    subprocess.run([openssl(), "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "36500", "-subj", f"/CN={name} of driftcast",
                    "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt", *options],
                   check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def secure(folder):
    """Makes certificates and passwords; returns the settings that make use of them."""
    folder.chmod(0o700)
    certify(folder, "ca")
    certify(folder, "node", "-CA", folder / "ca.crt", "-CAkey", folder / "ca.key",
            "-addext", "subjectAltName=IP:127.0.0.1")
    (folder / "ca.crt").rename(folder / "ca.pem")
    (folder / "node.pem").write_text((folder / "node.key").read_text() + (folder / "node.crt").read_text())
    (folder / "users").mkdir()
    for user in USERS:
        (folder / "users" / user).write_text(secrets.token_urlsafe(24))
    users = " ".join(f'user_{user}="{password(folder, user)}"' for user in USERS)
    return PROPERTIES.format(users=users, folder=folder)


def scram_options(folder):
    """Of kafka.tools.StorageTool format, which alone can make such users before there is a node."""
    if not is_secure(folder):
        return []
    return [option for user in USERS
            for option in ("--add-scram", f"SCRAM-SHA-512=[name={user},password={password(folder, user)}]")]


def text(string):
    """As in Kafka's protocol; None: any."""
    data = (string or "").encode()
    return struct.pack(f">h{len(data)}s", -1 if string is None else len(data), data)


def request(key, body):
    return struct.pack(">hhi", key, VERSION, 0) + text("driftcast") + body


def parse_right(right):
    """"read:topic:events" and the like; a name with a star at its end is that of all that begin so."""
    try:
        operation, resource, name = right.split(":", 2)
        numbers = OPERATIONS[operation], RESOURCES[resource]
    except (KeyError, ValueError):
        raise Failure(os.EX_USAGE, f"'{right}' is not OPERATION:RESOURCE:NAME with one of {', '.join(OPERATIONS)}, then "
                                   f"one of {', '.join(RESOURCES)}") from None
    return *numbers, name.removesuffix("*"), PREFIXED if name.endswith("*") else LITERAL


def allow(rights, ask):
    """Gives these rights to job; ask(request) is what the node answers. Returns whether it knows them, to be called."""
    parsed = [parse_right(right) for right in rights]
    entries = [struct.pack(">b", resource) + text(name) + struct.pack(">b", pattern) + text(PRINCIPAL) + text("*")
               + struct.pack(">bb", operation, ALLOW) for operation, resource, name, pattern in parsed]
    answer = ask(request(CREATE_ACLS, struct.pack(">i", len(entries)) + b"".join(entries)))
    place = 12
    for right in rights:
        code, length = struct.unpack_from(">hh", answer, place)
        place += 4 + max(length, 0)
        if code != 0:
            raise Failure(os.EX_SOFTWARE, f"the node refuses '{right}' with Kafka's error {code}")
    return lambda: all(is_known(right, ask) for right in parsed)


def is_known(right, ask):
    operation, resource, name, pattern = right
    answer = ask(request(DESCRIBE_ACLS, struct.pack(">b", resource) + text(name) + struct.pack(">b", pattern)
                         + text(PRINCIPAL) + text(None) + struct.pack(">bb", operation, ALLOW)))
    return text(name) in answer
