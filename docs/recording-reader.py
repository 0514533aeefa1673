"""Verifies a Sluice export: a session's, a gateway's or the audit chain's. Written from docs/recording-format.md alone, with Python's
standard library and the `openssl` command for Ed25519; it shares no code with Sluice. Prints `whole` or the damage, and exits 0 or 1.
"""

import base64
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import zlib

SPKI_PREFIX = bytes.fromhex("302a300506032b6570032100")  # RFC 8410
PROBLEMS = []


GAPS = []


def problem(text):
    PROBLEMS.append(text)


def unbase64(text):
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != text:
        raise ValueError("base64url with another spelling")
    return raw


def digest(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def signed_by(public_key, context, text, signature):
    with tempfile.TemporaryDirectory() as folder:
        files = {
            "key": SPKI_PREFIX + unbase64(public_key),
            "data": context.encode() + b"\0" + text.encode(),
            "signature": unbase64(signature),
        }
        for name, data in files.items():
            with open(f"{folder}/{name}", "wb") as file:
                file.write(data)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", f"{folder}/key", "-rawin"]
        command += ["-in", f"{folder}/data", "-sigfile", f"{folder}/signature"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def read_signed(line, context, keys):
    """A signed line of JSON: its value. Raises when its spelling, key or signature is not right."""
    value = json.loads(line)
    if compact(value) != line:
        raise ValueError("another spelling")
    end = f',"signature":"{value["signature"]}"}}'
    if not line.endswith(end) or value["keyId"] not in keys:
        raise ValueError("no signature at its end, or an unknown key")
    if not signed_by(keys[value["keyId"]], context, line[: -len(end)] + "}", value["signature"]):
        raise ValueError("the signature is not good")
    return value


def keys_of(entries):
    for entry in entries:
        if digest(unbase64(entry["publicKey"]))[:16] != entry["keyId"]:
            raise ValueError("a key does not bear its own id")
    return {entry["keyId"]: entry["publicKey"] for entry in entries}


def first_line(data, form):
    end = data.index(b"\n")
    first = json.loads(data[:end])
    if first["format"] != form or compact(first).encode() != data[:end]:
        raise ValueError("the first line is damaged")
    return first, end + 1


def read_chunk(data, keys):
    end = data.index(b"\n")
    header = read_signed(data[:end].decode(), "sluice-chunk-v1", keys)
    body = data[end + 1 :]
    if len(body) != header["bodyBytes"] or digest(body) != header["bodyHash"]:
        raise ValueError("the body was changed")
    plain = zlib.decompress(body, 31, 4 << 20) if header["compression"] == "gzip" else body
    events = [json.loads(line) for line in plain.decode().split("\n")[:-1]]
    numbers = [event["seq"] for event in events]
    if numbers != list(range(header["firstSeq"], header["firstSeq"] + header["count"])):
        raise ValueError("events are missing or out of order")
    for event in events:
        if event["type"] == "gap":
            GAPS.append(f"gap in {header['sessionId']}: {event['reason']}")
    if (header["link"] is not None) != (header["index"] == 0 or header["final"]):
        raise ValueError("a link too many or too few")
    return header


def read_session(data):
    """Verifies a session's export. Returns its id, the hash of each chunk, and its links as (number, previous, name)."""
    first, position = first_line(data, "sluice-recording-export/1")
    keys = keys_of(first["keys"])
    session, chunks, links, before, sealed = first["sessionId"], {}, [], None, False
    for index in range(first["chunks"]):
        end = data.index(b"\n", position)
        match = re.fullmatch(rb"chunk (\d+) (\d+)", data[position:end])
        if match is None or int(match[1]) != index:
            raise ValueError(f"the line before chunk {index} is damaged")
        chunk = data[end + 1 : end + 1 + int(match[2])]
        position = end + 1 + int(match[2])
        if data[position : position + 1] != b"\n":
            raise ValueError(f"chunk {index} has another length")
        position += 1
        try:
            header = read_chunk(chunk, keys)
        except (ValueError, KeyError, zlib.error) as error:
            problem(f"session {session}: chunk {index}: {error}")
            before = None
            continue
        start = digest(f"{header['format']}\0{session}".encode())
        right = header["sessionId"] == session and header["index"] == index and not sealed
        if index == 0:
            right = right and header["previousHash"] == start and header["firstSeq"] == 0
        elif before is not None:
            right = right and header["previousHash"] == before[0] and header["firstSeq"] == before[1]
        if not right:
            problem(f"session {session}: chunk {index} does not continue the one before it")
        chunks[index] = digest(chunk)
        before = (chunks[index], header["firstSeq"] + header["count"])
        sealed = header["final"]
        if header["link"] is not None:
            name = {"sessionId": session, "index": index, "hash": chunks[index]}
            links.append((header["link"]["number"], header["link"]["previous"], name))
    if data[position:] != f"end {first['chunks']}\n".encode():
        raise ValueError("the last line is damaged")
    return session, chunks, links, sealed


def follow(what, values, number, first_hash):
    previous = None
    for value, own_hash in values:
        if previous is None:
            right = value[number] != 0 or value["previousHash"] == first_hash
        else:
            right = value[number] == previous[0] + 1 and value["previousHash"] == previous[1]
        if not right:
            problem(f"{what} {value[number]} does not continue the one before it")
        previous = (value[number], own_hash)


def read_gateway(data):
    first, position = first_line(data, "sluice-gateway-export/1")
    gateway, keys, installation = first["gatewayId"], keys_of(first["keys"]), keys_of(first["installationKeys"])
    entries, checkpoints = [], []
    for place in range(first["checkpoints"]):
        lines = []
        for word in (b"log ", b"checkpoint "):
            end = data.index(b"\n", position)
            lines.append(data[position + len(word) : end].decode() if data.startswith(word, position) else "")
            position = end + 1
        try:
            entry = read_signed(lines[0], "sluice-checkpoint-log-v1", installation)
            checkpoint = read_signed(lines[1], "sluice-checkpoint-v1", keys)
        except (ValueError, KeyError) as error:
            problem(f"checkpoint at place {place}: {error}")
            continue
        if entry["checkpointHash"] != digest(lines[1].encode()):
            problem(f"log entry {entry['entry']} names another checkpoint")
        entries.append((entry, digest(lines[0].encode())))
        checkpoints.append((checkpoint, digest(lines[1].encode())))
    follow("log entry", entries, "entry", digest(f"sluice-checkpoint-log/1\0{gateway}".encode()))
    follow("checkpoint", checkpoints, "number", digest(f"sluice-checkpoint/1\0{gateway}".encode()))
    sessions, links = {}, {}
    for _ in range(first["sessions"]):
        end = data.index(b"\n", position)
        match = re.fullmatch(rb"session ([0-9a-f-]{36}) (\d+)", data[position:end])
        if match is None:
            raise ValueError("the line before a session is damaged")
        position = end + 1 + int(match[2])
        try:
            session, chunks, own, _sealed = read_session(data[end + 1 : position])
        except (ValueError, KeyError) as error:
            problem(f"session {match[1].decode()}: {error}")
            continue
        sessions[session] = chunks
        for number, previous, name in own:
            if number in links:
                problem(f"link {number} exists twice")
            links[number] = (previous, name)
    if data[position:] != f"end {first['sessions']} sessions\n".encode():
        raise ValueError("the last line is damaged")
    promised = {link["number"]: link for checkpoint, _ in checkpoints for link in checkpoint["links"]}
    for number in range(first["from"], first["to"] + 1):
        here = links.get(number)
        if here is None:
            name = promised.get(number) or (links.get(number + 1) or (None,))[0]
            problem(f"link {number} is missing, of session {name['sessionId'] if name else 'unknown'}")
        elif number - 1 in links and here[0] != links[number - 1][1]:
            problem(f"link {number} does not continue the one before it")
    for checkpoint, _ in checkpoints:
        for name in checkpoint["heads"]:
            if name["sessionId"] in sessions and sessions[name["sessionId"]].get(name["index"]) != name["hash"]:
                problem(f"session {name['sessionId']}: chunk {name['index']} is not the one a checkpoint saw")
    resumed = [str(checkpoint["number"]) for checkpoint, _ in checkpoints if checkpoint.get("resumed")]
    lost = f", without its spool or with an older one from checkpoint {' and '.join(resumed)} on" if resumed else ""
    return f"{len(sessions)} sessions, {len(checkpoints)} checkpoints, links {first['from']} to {first['to']}{lost}"


def read_audit(data):
    lines = data.decode().split("\n")
    first, events, last = json.loads(lines[0]), lines[1:-2], json.loads(lines[-2])
    head, before, expected = last["head"], "0" * 64 if first["from"] == 1 else None, first["from"]
    if not signed_by(keys_of(first["keys"])[head["keyId"]], "sluice-audit-head-v1", compact(head), last["signature"]):
        problem("the head was changed")
    for line in events:
        event = json.loads(line)
        text = f"sluice-audit-v1\0{event['previousHash']}\0{event['body']}".encode()
        right = event["index"] == expected and before in (None, event["previousHash"])
        if not right or hashlib.sha256(text).hexdigest() != event["hash"]:
            problem(f"event {expected} is damaged or missing")
        before, expected = event["hash"], event["index"] + 1
    if before is not None and (head["index"], head["hash"]) != (expected - 1, before):
        problem("the file does not end at its head")
    return f"{len(events)} events"


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    try:
        kind = json.loads(data[: data.index(b"\n")])["format"]
        if kind == "sluice-gateway-export/1":
            summary = read_gateway(data)
        elif kind == "sluice-audit-export/1":
            summary = read_audit(data)
        else:
            session, chunks, _links, sealed = read_session(data)
            if not sealed:
                problem("the recording has no sealed end")
            summary = f"session {session}, {len(chunks)} chunks"
    except (ValueError, KeyError, IndexError, TypeError) as error:
        problem(str(error))
        summary = ""
    print("\n".join([f"whole: {summary}"] + GAPS) if not PROBLEMS else "DAMAGED\n" + "\n".join(PROBLEMS))
    return 1 if PROBLEMS else 0


if __name__ == "__main__":
    sys.exit(main())
