"""A peer that lies: a plain BEP 3 seeder, announced to an HTTP tracker, whose
blocks are wrong now and then. It prints "lied N" after each wrong block.
"""
import argparse
import hashlib
import os
import socket
import struct
import threading
import urllib.parse
import urllib.request

ap = argparse.ArgumentParser()
ap.add_argument("torrent")
ap.add_argument("file", help="the payload, a single file")
ap.add_argument("--port", type=int, default=6881)
ap.add_argument("--every", type=int, default=1, help="of this many blocks, one is wrong")
args = ap.parse_args()


def decode(b, i=0):
    """Decodes the value at i; returns it and the offset after it."""
    c = b[i:i + 1]
    if c == b"i":
        e = b.index(b"e", i)
        return int(b[i + 1:e]), e + 1
    if c in b"ld":
        items, i = [], i + 1
        while b[i:i + 1] != b"e":
            start = i
            v, i = decode(b, i)
            items.append(v)
            if v == b"info" and c == b"d" and len(items) % 2:
                global info
                info = b[i:decode(b, i)[1]]
        return (items if c == b"l" else dict(zip(items[::2], items[1::2]))), i + 1
    e = b.index(b":", i)
    n = int(b[i:e])
    return b[e + 1:e + 1 + n], e + 1 + n


info = b""
with open(args.torrent, "rb") as f:
    meta, _ = decode(f.read())
info_hash = hashlib.sha1(info).digest()
pieces = len(meta[b"info"][b"pieces"]) // 20
piece_length = meta[b"info"][b"piece length"]
peer_id = b"-LI0001-" + os.urandom(12)
payload = os.open(args.file, os.O_RDONLY)
count = threading.Lock()
sent = lied = 0


def block(index, begin, length):
    global sent, lied
    data = bytearray(os.pread(payload, length, index * piece_length + begin))
    with count:
        sent += 1
        if sent % args.every == 0:
            lied += 1
            data[len(data) // 2] ^= 0x40
            print("lied", lied, flush=True)
    return bytes(data)


def exactly(f, n):
    b = f.read(n)
    if len(b) < n:
        raise EOFError
    return b


def serve(conn):
    f = conn.makefile("rb")
    try:
        head = exactly(f, 68)
        if head[:20] != b"\x13BitTorrent protocol" or head[28:48] != info_hash:
            return
        conn.sendall(head[:20] + bytes(8) + info_hash + peer_id)
        bits = bytearray((pieces + 7) // 8)
        for i in range(pieces):
            bits[i // 8] |= 0x80 >> i % 8
        conn.sendall(struct.pack(">IB", 1 + len(bits), 5) + bits + struct.pack(">IB", 1, 1))
        while True:
            n, = struct.unpack(">I", exactly(f, 4))
            msg = exactly(f, n)
            if msg[:1] == b"\x06":
                index, begin, length = struct.unpack(">III", msg[1:])
                conn.sendall(struct.pack(">IBII", 9 + length, 7, index, begin) + block(index, begin, length))
    except (EOFError, OSError):
        pass
    finally:
        conn.close()


listener = socket.create_server(("", args.port), backlog=50)
query = urllib.parse.urlencode({
    "info_hash": info_hash, "peer_id": peer_id, "port": args.port, "uploaded": 0, "downloaded": 0, "left": 0,
    "compact": 1, "event": "started"})
urllib.request.urlopen(meta[b"announce"].decode() + "?" + query, timeout=10).read()
while True:
    conn, _ = listener.accept()
    threading.Thread(target=serve, args=(conn,), daemon=True).start()
