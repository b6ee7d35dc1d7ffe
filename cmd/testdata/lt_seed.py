"""A libtorrent client for the interop tests: seeds what is in a folder, or
downloads into it. The torrent is a file or a magnet link.

It prints "checked N" once the data in the folder has been hashed, N being the
number of good pieces, and "finished" when a download is complete. It runs until
it is killed.
"""
import argparse
import faulthandler
import os

import libtorrent as lt

faulthandler.enable()

ap = argparse.ArgumentParser()
ap.add_argument("torrent")
ap.add_argument("folder")
ap.add_argument("--port", type=int, default=6881)
ap.add_argument("--rate", type=int, default=0, help="upload limit in bytes per second")
ap.add_argument("--no-download", action="store_true", help="offer what is good, fetch nothing")
ap.add_argument("--tracker", help="announce there and nowhere else")
ap.add_argument("--peer", metavar="IP:PORT", help="connect to this peer")
args = ap.parse_args()

session = lt.session({
    "listen_interfaces": f"0.0.0.0:{args.port}",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "alert_mask": lt.alert.category_t.error_notification | lt.alert.category_t.status_notification
    | lt.alert.category_t.storage_notification | lt.alert.category_t.peer_notification
    | lt.alert.category_t.connect_notification | lt.alert.category_t.tracker_notification,
})
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
if args.peer:
    ip, port = args.peer.rsplit(":", 1)
    handle.connect_peer((ip, int(port)))
# Not wait_for_alert: it returns an alert that may move in memory while Python
# looks at it, and crashes now and then.
alerts, notify = os.pipe()
session.set_alert_fd(notify)
while True:
    os.read(alerts, 1)
    for alert in session.pop_alerts():
        if isinstance(alert, lt.torrent_checked_alert):
            print("checked", sum(handle.status(lt.torrent_handle.query_pieces).pieces), flush=True)
        elif isinstance(alert, lt.torrent_finished_alert):
            handle.flush_cache()
        elif isinstance(alert, lt.cache_flushed_alert) and handle.status().is_seeding:
            print("finished", flush=True)
        elif isinstance(alert, (lt.torrent_error_alert, lt.file_error_alert, lt.listen_failed_alert)):
            print(alert, flush=True)
        elif isinstance(alert, (lt.peer_disconnected_alert, lt.peer_error_alert, lt.tracker_error_alert)):
            print(alert, flush=True)
