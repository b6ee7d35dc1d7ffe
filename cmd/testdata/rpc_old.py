"""Drives a daemon with python3-transmissionrpc: HOST:PORT TOKEN TORRENT DIR.

Prints "ok" at the end; whatever is not as it should be is an exception.
"""
import base64
import sys
import time

import transmissionrpc

host, token, torrent, folder = sys.argv[1:]
address, port = host.rsplit(":", 1)
client = transmissionrpc.Client(address, port=int(port), user="x", password=token)


def until(what, cond):
    for _ in range(600):
        if cond():
            return
        time.sleep(0.1)
    raise AssertionError("waited in vain: " + what)


with open(torrent, "rb") as f:
    added = client.add_torrent(base64.b64encode(f.read()).decode(), download_dir=folder, paused=True)
until("it is stopped", lambda: client.get_torrent(added.id).status == "stopped")
assert [t.hashString for t in client.get_torrents()] == [added.hashString]
client.start_torrent(added.id)
until("it seeds", lambda: client.get_torrent(added.id).status == "seeding")
t = client.get_torrent(added.id)
assert t.progress == 100 and t.downloadDir == folder and t.leftUntilDone == 0, t
client.change_torrent(added.id, uploadLimit=70, uploadLimited=True)
assert client.get_torrent(added.id).uploadLimit == 70
files = client.get_files(added.id)[added.id]
assert sum(f["size"] for f in files.values()) == t.totalSize, files
client.stop_torrent(added.id)
until("it is stopped again", lambda: client.get_torrent(added.id).status == "stopped")
assert client.get_session().download_dir
assert client.session_stats().torrentCount == 1
client.remove_torrent(added.id, delete_data=True)
assert client.get_torrents() == []
print("ok")
