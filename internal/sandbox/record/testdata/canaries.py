"""Writes a call of each AWS operation that has sensitive members, as botocore sends it.

Each text and each blob that a service's model marks as sensitive is a canary, in the
request and in the answer. A line of the output is one call in JSON; the last line tells
how many operations were looked at.
"""

import base64
import datetime
import json
import struct
import sys
from xml.sax.saxutils import escape

import botocore.session
from botocore.serialize import create_serializer

# What AWS shows although a model marks it: ids of keys, and the token of a session,
# which opens nothing without the secret.
SHOWN = {
    ("s3", "SSEKMSKeyId"), ("s3", "KMSMasterKeyID"), ("s3", "KeyId"), ("s3", "KMSKeyArn"), ("s3", "KMSKeyId"),
    ("sts", "SessionToken"),
}


class Filler:
    """Makes values of a shape. A structure is filled once below each parent."""

    def __init__(self, signing):
        self.signing, self.placed, self.seen = signing, 0, set()

    def canary(self):
        self.placed += 1
        return f"CANARY{self.placed}."

    def fill(self, shape, parent="", secret=False):
        secret = secret or shape.metadata.get("sensitive", False)
        kind = shape.type_name
        if kind == "structure":
            return self.structure(shape, parent, secret)
        if kind == "list":
            return [self.fill(shape.member, parent, secret)]
        if kind == "map":
            hidden = secret or shape.key.metadata.get("sensitive", False)
            return {self.canary() if hidden else "key": self.fill(shape.value, parent, secret)}
        if kind == "string" and shape.serialization.get("jsonvalue"):
            return {}
        if kind in ("string", "character"):
            return self.canary() if secret else "plain"
        if kind == "blob":
            return self.canary().encode() if secret else b"plain"
        if kind == "timestamp":
            return datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
        if kind == "boolean":
            return True
        return 1 if kind in ("integer", "long") else 1.5

    def structure(self, shape, parent, secret):
        if (shape.name, parent, secret) in self.seen:
            return {}
        self.seen.add((shape.name, parent, secret))
        values = {}
        for name, member in shape.members.items():
            if member.serialization.get("eventstream") or (self.signing, name) in SHOWN:
                continue
            values[name] = self.fill(member, name, secret)
        return values


def wire(shape, name):
    return shape.serialization.get("name", name)


def plain(shape, value, binary=False):
    """A value as JSON has it, or CBOR."""
    kind = shape.type_name
    if kind == "structure":
        return {wire(shape.members[n], n): plain(shape.members[n], v, binary) for n, v in value.items()}
    if kind == "list":
        return [plain(shape.member, v, binary) for v in value]
    if kind == "map":
        return {k: plain(shape.value, v, binary) for k, v in value.items()}
    if kind == "blob" and not binary:
        return base64.b64encode(value).decode()
    if kind == "timestamp":
        return 1767225600
    return value


def cbor(value):
    def head(major, n):
        return bytes([major << 5 | n]) if n < 24 else bytes([major << 5 | 26]) + struct.pack(">I", n)

    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value)) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


def xml(shape, value, name):
    kind = shape.type_name
    if kind == "structure":
        inner = "".join(xml(shape.members[n], v, wire(shape.members[n], n)) for n, v in value.items())
    elif kind == "list":
        if shape.serialization.get("flattened"):
            return "".join(xml(shape.member, v, wire(shape.member, name)) for v in value)
        inner = "".join(xml(shape.member, v, wire(shape.member, "member")) for v in value)
    elif kind == "map":
        key, held = wire(shape.key, "key"), wire(shape.value, "value")
        entries = "".join(f"<{key}>{escape(k)}</{key}>{xml(shape.value, v, held)}" for k, v in value.items())
        inner = entries if shape.serialization.get("flattened") else f"<entry>{entries}</entry>"
    else:
        text = plain(shape, value)
        inner = escape("2026-01-01T00:00:00Z" if kind == "timestamp" else str(text).lower() if kind == "boolean" else str(text))
    return f"<{name}>{inner}</{name}>"


def answer(operation, protocol, filler):
    shape = operation.output_shape
    if shape is None:
        return b""
    value = filler.fill(shape)
    if protocol in ("query", "ec2"):
        body = "".join(xml(shape.members[n], v, wire(shape.members[n], n)) for n, v in value.items())
        if protocol == "query":
            body = f"<{operation.name}Result>{body}</{operation.name}Result>"
        return f"<{operation.name}Response>{body}</{operation.name}Response>".encode()
    payload = shape.serialization.get("payload")
    if payload in value:
        shape, value = shape.members[payload], value[payload]
        if shape.type_name in ("string", "blob"):
            return json.dumps({"text": value if isinstance(value, str) else value.decode()}).encode()
    elif protocol.startswith("rest-"):
        value = {n: v for n, v in value.items() if "location" not in shape.members[n].serialization}
    if protocol == "rest-xml":
        return xml(shape, value, shape.serialization.get("resultWrapper", shape.name)).encode()
    if protocol == "smithy-rpc-v2-cbor":
        return cbor(plain(shape, value, binary=True))
    return json.dumps(plain(shape, value)).encode()


def call(service, operation, protocol, serializer):
    signing = service.signing_name
    asked, told = Filler(signing), Filler(signing)
    values = asked.fill(operation.input_shape) if operation.input_shape else {}
    payload = operation.input_shape and operation.input_shape.serialization.get("payload")
    if payload in values and isinstance(values[payload], (str, bytes)):  # a document of the user's
        text = values[payload] if isinstance(values[payload], str) else values[payload].decode()
        values[payload] = json.dumps({"text": text}).encode()
    body = answer(operation, protocol, told)
    if not asked.placed + told.placed:
        return None
    request = serializer.serialize_to_request(values, operation)
    sent = request["body"]
    headers = {k: v if isinstance(v, str) else v.decode() if isinstance(v, bytes) else str(v) for k, v in request["headers"].items()}
    if isinstance(sent, dict):
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
        sent = "&".join(quote(k) + "=" + quote(v) for k, v in sent.items())
    if isinstance(sent, str):
        sent = sent.encode()
    query = request["query_string"]
    pairs = query.items() if isinstance(query, dict) else query or []
    text = "&".join(quote(k) + "=" + quote(v) for k, vs in pairs for v in (vs if isinstance(vs, list) else [vs]))
    return {
        "Service": signing, "Operation": operation.name, "Asked": asked.placed, "Told": told.placed, "Method": request["method"],
        "URL": request["url_path"] + ("&" if "?" in request["url_path"] else "?") + text, "Header": headers,
        "Request": base64.b64encode(sent).decode(), "Answer": base64.b64encode(body).decode(),
    }


def quote(value):
    from urllib.parse import quote as q

    if isinstance(value, bool):
        value = str(value).lower()
    return q(value if isinstance(value, (str, bytes)) else str(value), safe="-_.~")


def main():
    session = botocore.session.get_session()
    operations = 0
    for name in session.get_available_services():
        service = session.get_service_model(name)
        protocol = service.metadata["protocol"]
        serializer = create_serializer(protocol, include_validation=False)
        for operation in map(service.operation_model, service.operation_names):
            operations += 1
            line = call(service, operation, protocol, serializer)
            if line:
                json.dump(line, sys.stdout)
                sys.stdout.write("\n")
    json.dump({"Operations": operations}, sys.stdout)


main()
