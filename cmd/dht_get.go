package cmd

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/torrent/metainfo"
	"gotor/tracker/dht"
)

// dhtGetOptions are the flags of dht get.
type dhtGetOptions struct {
	dhtSearch
	key      string // public key in hexadecimal digits
	saltText string
	bencoded bool

	target dht.ID // of the arguments
	salt   []byte
}

const dhtGetLong = `Get looks for a value in the DHT (BEP 44): for the one under the hash TARGET, or
for the newest one under a public key and --salt. A magnet link with a public key
(xs=urn:btpk:) stands for both. Nobody who answers is trusted: hash or signature
is checked.

A value that is a string is printed as the bytes in it, without an end of line
(on a terminal with one, and made safe); any other as it is stored, bencoded.`

// newDHTGetCmd describes dht get; runF is runDHTGet, or a test's function.
func newDHTGetCmd(s *streams, runF func(context.Context, *dhtGetOptions, *streams) error) *cobra.Command {
	o := new(dhtGetOptions)
	c := &cobra.Command{
		Use:     "get [flags] [TARGET]",
		Short:   "Look for a stored value",
		Long:    dhtGetLong,
		Example: examples("gotor dht get TARGET >value", "gotor dht get --key PUBLICKEY --salt news --json"),
		Args:    wantArgs(0, 1, "at most one TARGET"),
		PreRunE: func(_ *cobra.Command, args []string) error { return o.check(args) },
		RunE:    func(c *cobra.Command, _ []string) error { return runF(c.Context(), o, s) },
	}
	o.addFlags(c)
	f := c.Flags()
	f.StringVar(&o.key, "key", "", "get what is stored under this `PUBLICKEY` (64 hexadecimal digits)")
	f.StringVar(&o.saltText, "salt", "", "and under this `TEXT`")
	f.BoolVar(&o.bencoded, "bencoded", false, "print the value as it is stored")
	return c
}

// check finds out where to look.
func (o *dhtGetOptions) check(args []string) error {
	o.salt = []byte(o.saltText)
	switch {
	case (len(args) == 1) == (o.key != ""):
		return record.Usagef("gotor dht get needs either a TARGET or --key; see gotor dht get --help")
	case len(o.salt) > 64:
		return record.Usagef("--salt has at most 64 bytes")
	}
	if err := o.dhtSearch.check(); err != nil {
		return err
	}
	if o.key != "" {
		return o.useKey(o.key)
	}
	if link, err := metainfo.ParseLink(args[0]); err == nil && link.HasKey {
		if o.saltText == "" {
			o.salt = link.Salt
		}
		o.target = dht.MutableTarget(link.Key, o.salt)
		return nil
	}
	var err error
	o.target, err = parseTarget(args[0])
	return err
}

// useKey looks under a public key.
func (o *dhtGetOptions) useKey(text string) error {
	key, err := hex.DecodeString(text)
	if err != nil || len(key) != 32 {
		return record.Usagef("--key %q is no public key: it has 64 hexadecimal digits", job.Clip(text))
	}
	o.target = dht.MutableTarget([32]byte(key), o.salt)
	return nil
}

// runDHTGet looks for a value.
func runDHTGet(ctx context.Context, o *dhtGetOptions, s *streams) error {
	c, err := o.open(s)
	if err != nil {
		return err
	}
	defer c.close()
	limited, cancel := o.limited(ctx)
	defer cancel()
	res, err := c.find(limited, func(ctx context.Context) dht.Result { return c.node.Get(ctx, o.target, o.salt) })
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	case res.Item == nil: // it was never there, or is forgotten
		return record.Errorf(record.ExitNoPeers, "nothing is stored under %v (%s)", o.target, tally(res))
	case o.json:
		return writeJSON(s.out, getRecord(o.target, res))
	}
	_, err = s.out.Write(o.printable(s, res.Item))
	return err
}

// printable is what get prints: exact in a pipe, and safe on a terminal.
func (o *dhtGetOptions) printable(s *streams, it *dht.Item) []byte {
	value := it.Value
	if text, ok := stringIn(value); ok && !o.bencoded {
		value = text
	}
	// In a pipe not even an end of line is added: the value may be anything.
	if s.outTTY() {
		return []byte(record.Safe(string(value)) + "\n")
	}
	return value
}

// stringIn is the content of a bencoded string. The value is known to be bencoded.
func stringIn(value []byte) ([]byte, bool) {
	if len(value) == 0 || value[0] < '0' || value[0] > '9' {
		return nil, false
	}
	_, content, ok := bytes.Cut(value, []byte(":"))
	return content, ok
}

// getRecord describes what was found.
func getRecord(target dht.ID, res dht.Result) record.DHTGet {
	it := res.Item
	rec := record.DHTGet{
		V: record.Version, Target: target.String(), Bencoded: fmt.Sprintf("%x", it.Value),
		Search: effort(res),
	}
	if content, ok := stringIn(it.Value); ok && utf8.Valid(content) {
		text := string(content)
		rec.Text = &text
	}
	if it.Mutable {
		rec.Key, rec.Salt, rec.Seq = record.Hex(it.Key[:]), record.Hex(it.Salt), &it.Seq
	}
	if ih, ok := it.Torrent(); ok {
		rec.InfoHash = record.Hex(ih[:])
	}
	return rec
}
