"""How much of a processor a node of the DHT takes under garbage, and whether it
goes on to answer.

    GOTOR_DHT_BOOTSTRAP=none gotor dht node --port 7000 &
    python3 cmd/testdata/dht_garbage.py 7000 $!

Sends 5,000 packets a second to a node on this machine for 20 s, from 200
addresses of the loopback network: noise, broken bencode, queries that are not
understood, answers to nothing, and good queries from ids that change. Another
address pings it ten times a second. The processor time is that of the process
whose id is given.
"""
import argparse
import os
import random
import socket
import time

ap = argparse.ArgumentParser()
ap.add_argument("port", type=int)
ap.add_argument("pid", type=int)
ap.add_argument("--rate", type=int, default=5000, help="packets a second")
ap.add_argument("--seconds", type=int, default=20)
ap.add_argument("--sources", type=int, default=200, help="addresses that they come from")
args = ap.parse_args()
node = ("127.0.0.1", args.port)


def bound(ip):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((ip, 0))
    s.setblocking(False)
    return s


def query(name, extra=b"", t=b"aa"):
    return b"d1:ad2:id20:" + os.urandom(20) + extra + b"e1:q%d:%s1:t%d:%s1:y1:qe" % (len(name), name, len(t), t)


KINDS = [
    lambda: os.urandom(random.randrange(1, 1400)),
    lambda: b"d" * random.randrange(1, 1400),
    lambda: query(b"get_peers", b"9:info_hash20:" + os.urandom(20))[:random.randrange(20, 90)],
    lambda: query(os.urandom(8)),
    lambda: b"d1:rd2:id20:" + os.urandom(20) + b"5:nodes26:" + os.urandom(26) + b"e1:t4:" + os.urandom(4) + b"1:y1:re",
    lambda: query(b"find_node", b"6:target20:" + os.urandom(20)),
    lambda: query(b"get_peers", b"9:info_hash20:" + os.urandom(20)),
    lambda: query(b"announce_peer", b"9:info_hash20:" + os.urandom(20) + b"4:porti7e5:token8:" + os.urandom(8)),
]
packets = [random.choice(KINDS)() for _ in range(args.rate)]
bad = [bound(f"127.1.{i // 250}.{i % 250 + 1}") for i in range(args.sources)]
good = bound("127.9.9.9")
me = os.urandom(20)
ping = b"d1:ad2:id20:" + me + b"e1:q4:ping1:t2:pp1:y1:qe"


def cpu():
    with open(f"/proc/{args.pid}/stat") as f:
        field = f.read().rsplit(")", 1)[1].split()
    return (int(field[11]) + int(field[12])) / os.sysconf("SC_CLK_TCK")


sent = pings = answers = amplified = 0
used, start = cpu(), time.monotonic()
while (now := time.monotonic() - start) < args.seconds:
    while sent < now * args.rate:
        try:
            bad[sent % len(bad)].sendto(packets[sent % len(packets)], node)
        except BlockingIOError:
            break
        sent += 1
    if pings < now * 10:
        good.sendto(ping, node)
        pings += 1
    try:
        answers += b"1:y1:r" in good.recv(1500)
    except BlockingIOError:
        pass
    time.sleep(0.001)
used = cpu() - used
for s in bad:
    try:
        while s.recv(2000):
            amplified += 1
    except BlockingIOError:
        pass
end = time.monotonic() + 1
while answers < pings and time.monotonic() < end:
    try:
        answers += b"1:y1:r" in good.recv(1500)
    except BlockingIOError:
        time.sleep(0.01)
print(f"{sent / args.seconds:.0f} packets/s for {args.seconds} s from {len(bad)} addresses: "
      f"{used:.2f} s of processor, {used / args.seconds:.1%} of one; "
      f"{answers} of {pings} pings answered; {amplified} answers to the rest")
