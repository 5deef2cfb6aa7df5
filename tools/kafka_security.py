"""Makes a node of kafka_broker.py one that asks its clients who they are, in TLS, and lets them do what they may.

What a client needs lies in the node's folder: ca.pem, the authority that made the node's certificate, and users/NAME
with the password of that user and nothing else. The user admin may do everything; job only what it has been allowed to.
Both log in by PLAIN or by SCRAM-SHA-512. Beside the clients' listener is one without all this, for the node itself and
for kafka_broker.py: whoever comes there is User:ANONYMOUS, and may do everything. It is on loopback, as all is.

Needed: openssl, 3.0 or newer.
"""

import secrets
import subprocess

from kafka_jars import needed

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
