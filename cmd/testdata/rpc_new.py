"""Drives a daemon with transmission-rpc of PyPI: HOST:PORT TOKEN TORRENT DIR.

Prints "ok" at the end; whatever is not as it should be is an exception.
"""
import os
import sys
import time

import transmission_rpc

host, token, torrent, folder = sys.argv[1:]
address, port = host.rsplit(":", 1)
client = transmission_rpc.Client(host=address, port=int(port), username="x", password=token)


def until(what, cond):
    for _ in range(600):
        if cond():
            return
        time.sleep(0.1)
    raise AssertionError("waited in vain: " + what)


with open(torrent, "rb") as f:
    added = client.add_torrent(f, download_dir=folder, labels=["films"], paused=True)
until("it is stopped", lambda: client.get_torrent(added.id).status == "stopped")
assert [t.hash_string for t in client.get_torrents()] == [added.hash_string]
client.start_torrent(added.id)
until("it seeds", lambda: client.get_torrent(added.id).seeding)
t = client.get_torrent(added.id)
assert t.percent_done == 1 and t.download_dir == folder and t.labels == ["films"], t.fields
client.rename_torrent_path(added.id, t.name, "renamed")
until("it is renamed", lambda: os.path.exists(os.path.join(folder, "renamed")) and client.get_torrent(added.id).seeding)
client.stop_torrent(added.id)
until("it is stopped again", lambda: client.get_torrent(added.id).status == "stopped")
client.get_session()
assert client.session_stats().torrent_count == 1
assert client.free_space(folder) > 0
client.remove_torrent(added.id, delete_data=True)
assert client.get_torrents() == []
print("ok")
