"""Makes a hybrid torrent (BEP 52) with libtorrent, for the interop tests."""
import argparse
import os

import libtorrent as lt

ap = argparse.ArgumentParser()
ap.add_argument("path")
ap.add_argument("out")
ap.add_argument("--piece-length", type=int, required=True)
ap.add_argument("--tracker", action="append", default=[])
args = ap.parse_args()

files = lt.file_storage()
lt.add_files(files, args.path)
t = lt.create_torrent(files, piece_size=args.piece_length)
for tier, url in enumerate(args.tracker):
    t.add_tracker(url, tier)
lt.set_piece_hashes(t, os.path.dirname(os.path.abspath(args.path)))
made = t.generate()
assert b"file tree" in made[b"info"] and b"pieces" in made[b"info"], "not a hybrid"
with open(args.out, "wb") as f:
    f.write(lt.bencode(made))
