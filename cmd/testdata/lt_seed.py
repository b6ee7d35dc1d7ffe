"""A libtorrent client for the interop tests: seeds what is in a folder, or
downloads into it. The torrent is a file or a magnet link; without one it is a
node of the DHT and nothing else.

It prints "checked N" once the data in the folder has been hashed, N being the
number of good pieces, "finished" when a download is complete, and "peer IP:PORT" for
each connection. It runs until it is killed.
"""
import argparse
import faulthandler
import os
import select
import warnings

import libtorrent as lt

faulthandler.enable()
warnings.simplefilter("ignore")  # status() has no better that fits on a line

ap = argparse.ArgumentParser()
ap.add_argument("torrent", nargs="?")
ap.add_argument("folder", nargs="?")
ap.add_argument("--port", type=int, default=6881)
ap.add_argument("--rate", type=int, default=0, help="upload limit in bytes per second")
ap.add_argument("--down-rate", type=int, default=0, help="download limit in bytes per second")
ap.add_argument("--no-download", action="store_true", help="offer what is good, fetch nothing")
ap.add_argument("--tracker", help="announce there and nowhere else")
ap.add_argument("--peer", metavar="IP:PORT", help="connect to this peer")
ap.add_argument("--listen", metavar="IP:PORT,...", help="listen there and nowhere else")
ap.add_argument("--dht", metavar="IP:PORT", help="find peers in the DHT that this node is of")
ap.add_argument("--lsd", action="store_true", help="find peers on the local network")
args = ap.parse_args()

session = lt.session({
    "listen_interfaces": args.listen or f"0.0.0.0:{args.port}",
    "enable_dht": args.dht is not None,
    "dht_bootstrap_nodes": "",
    # All nodes of a test are neighbours.
    "dht_restrict_routing_ips": False,
    "dht_restrict_search_ips": False,
    "dht_ignore_dark_internet": False,
    "enable_lsd": args.lsd,
    "enable_upnp": False,
    "enable_natpmp": False,
    "alert_mask": lt.alert.category_t.error_notification | lt.alert.category_t.status_notification
    | lt.alert.category_t.storage_notification | lt.alert.category_t.peer_notification
    | lt.alert.category_t.connect_notification | lt.alert.category_t.tracker_notification,
})


def start():
    """Adds the torrent to the session."""
    if args.torrent.startswith("magnet:"):
        params = lt.parse_magnet_uri(args.torrent)
    else:
        params = lt.add_torrent_params()
        params.ti = lt.torrent_info(args.torrent)
    params.save_path = args.folder
    params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    if args.no_download:
        params.flags |= lt.torrent_flags.upload_mode
    if args.tracker:
        params.flags |= lt.torrent_flags.paused
    handle = session.add_torrent(params)
    if args.tracker:
        handle.replace_trackers([{"url": args.tracker, "tier": 0}])
        handle.resume()
    handle.set_upload_limit(args.rate)
    handle.set_download_limit(args.down_rate)
    if args.peer:
        ip, port = args.peer.rsplit(":", 1)
        handle.connect_peer((ip, int(port)))
    return handle


handle = start() if args.torrent else None
# Not wait_for_alert: it returns an alert that may move in memory while Python
# looks at it, and crashes now and then.
alerts, notify = os.pipe()
session.set_alert_fd(notify)
checked = entered = False  # the torrent's data; the DHT
while True:
    # Its bootstrap nodes do not join its table; one that is added does, once it
    # has answered, and may not be there yet.
    if args.dht and not entered:
        ip, port = args.dht.rsplit(":", 1)
        session.add_dht_node((ip.strip("[]"), int(port)))
    if select.select([alerts], [], [], None if entered or not args.dht else 0.2)[0]:
        os.read(alerts, 1)
    if args.dht and not entered and session.status().dht_nodes > 0:
        entered = True
        if handle and (checked or args.torrent.startswith("magnet:")):
            handle.force_dht_announce()
    for alert in session.pop_alerts():
        if isinstance(alert, lt.torrent_checked_alert):
            print("checked", sum(handle.status(lt.torrent_handle.query_pieces).pieces), flush=True)
            checked = True
            if entered:
                handle.force_dht_announce()
        elif isinstance(alert, lt.peer_connect_alert):
            print("peer", "%s:%d" % alert.endpoint, flush=True)
        elif isinstance(alert, lt.torrent_finished_alert):
            handle.flush_cache()
        elif isinstance(alert, lt.cache_flushed_alert) and handle.status().is_seeding:
            print("finished", flush=True)
        elif isinstance(alert, (lt.torrent_error_alert, lt.file_error_alert, lt.listen_failed_alert)):
            print(alert, flush=True)
        elif isinstance(alert, (lt.peer_disconnected_alert, lt.peer_error_alert, lt.tracker_error_alert)):
            print(alert, flush=True)
