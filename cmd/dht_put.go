package cmd

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/cmd/ui"
	"gotor/torrent/metainfo"
	"gotor/tracker/dht"
)

// dhtPutOptions are the flags of dht put.
type dhtPutOptions struct {
	dhtSearch
	value    string // "-": standard input
	bencoded bool   // the value is bencoded already
	torrent  string // the value points to it
	key      string // file of the private key
	newKey   string // file to make for one
	salt     string
	seq      int64 // -1: one more than that of the value that is stored
}

const dhtPutLong = `Put stores a value of at most 1000 bytes in the DHT (BEP 44): VALUE, or with -
standard input, as a bencoded string, or with --bencoded as it is.

Without a key, the value lies under its own hash, which is printed, and cannot be
changed. With --key it lies under the public key, which is printed, and --salt;
whoever has the private key can replace it by a value with a higher sequence
number, which is taken care of unless --seq is given. The file of a private key
holds 32 bytes as 64 hexadecimal digits.

--torrent makes a value that points to a torrent (BEP 46). The magnet link that
leads to whatever torrent it points to then is printed in a second line.

Nodes forget values after two hours: for as long as one is to be found, put it
again every hour, under the same key.`

// newDHTPutCmd describes dht put; runF is runDHTPut, or a test's function.
func newDHTPutCmd(s *streams, runF func(context.Context, *dhtPutOptions, *streams) error) *cobra.Command {
	o := new(dhtPutOptions)
	c := &cobra.Command{
		Use:   "put [flags] [VALUE]",
		Short: "Store a value",
		Long:  dhtPutLong,
		Example: examples("gotor dht put hello", "gotor dht put --new-key my.key 'version 1'",
			"gotor dht put --key my.key --torrent INFOHASH"),
		Args:    wantNumber(0, 1, "at most one VALUE"),
		PreRunE: func(c *cobra.Command, args []string) error { return o.check(args) },
		RunE:    func(c *cobra.Command, _ []string) error { return runF(c.Context(), o, s) },
	}
	o.addFlags(c)
	f := c.Flags()
	f.BoolVar(&o.bencoded, "bencoded", false, "the value is bencoded already")
	f.StringVar(&o.torrent, "torrent", "", "store a pointer to the torrent with this `INFOHASH` or magnet link")
	f.StringVar(&o.key, "key", "", "sign with the private key in `FILE`")
	f.StringVar(&o.newKey, "new-key", "", "make a private key in `FILE`, which must not exist, and sign with it")
	f.StringVar(&o.salt, "salt", "", "tell values under one key apart by `TEXT`, at most 64 bytes")
	f.Int64Var(&o.seq, "seq", -1, "sequence `NUMBER` (default: one more than what is stored)")
	f.Lookup("seq").DefValue = "0" // which the help does not show
	return c
}

// check refuses what contradicts itself.
func (o *dhtPutOptions) check(args []string) error {
	if len(args) == 1 {
		o.value = args[0]
	}
	mutable := o.key != "" || o.newKey != ""
	switch {
	case len(args) == 0 && o.torrent == "":
		return record.Usagef("gotor dht put needs a VALUE; - is standard input")
	case o.torrent != "" && (len(args) > 0 || o.bencoded):
		return record.Usagef("--torrent makes the value; it goes with neither VALUE nor --bencoded")
	case o.key != "" && o.newKey != "":
		return record.Usagef("--key and --new-key are two keys; give one")
	case !mutable && (o.torrent != "" || o.salt != "" || o.seq != -1):
		return record.Usagef("--torrent, --salt and --seq are for values with a key; give --key or --new-key")
	case o.seq < -1:
		return record.Usagef("--seq must not be negative")
	}
	return o.dhtSearch.check()
}

// encoded is the value as it is stored.
func (o *dhtPutOptions) encoded(s *streams) ([]byte, error) {
	if o.torrent != "" {
		link, err := metainfo.ParseLink(o.torrent)
		if err != nil || !link.HasV1 {
			return nil, record.Usagef("--torrent %q: give the info-hash of version 1 of a torrent, or a magnet link with one", job.Clip(o.torrent))
		}
		return fmt.Appendf(nil, "d2:ih20:%se", link.InfoHash[:]), nil
	}
	value := []byte(o.value)
	if o.value == "-" {
		var err error
		// What is too long is told apart from what just fits.
		if value, err = io.ReadAll(io.LimitReader(s.in, 2000)); err != nil {
			return nil, record.WithCode(record.ExitFile, fmt.Errorf("standard input: %w", err))
		}
	}
	if o.bencoded {
		return value, nil
	}
	return append(fmt.Appendf(nil, "%d:", len(value)), value...), nil
}

// secret loads or makes the private key; nil without one.
func (o *dhtPutOptions) secret() (ed25519.PrivateKey, error) {
	switch {
	case o.key != "":
		return loadKey(o.key)
	case o.newKey != "":
		return newKey(o.newKey)
	}
	return nil, nil
}

// runDHTPut stores a value. Everything that can be wrong with it is found before
// a key is made and before anybody is asked.
func runDHTPut(ctx context.Context, o *dhtPutOptions, s *streams) error {
	it := dht.Item{Salt: []byte(o.salt), Mutable: o.key != "" || o.newKey != ""}
	var err error
	if it.Value, err = o.encoded(s); err != nil {
		return err
	}
	if err := checkForm(it); err != nil {
		return err
	}
	secret, err := o.secret()
	if err != nil {
		return err
	}
	c, err := o.open(s)
	if err != nil {
		return err
	}
	defer c.close()
	limited, cancel := o.limited(ctx)
	defer cancel()
	res, err := o.put(limited, c, &it, secret)
	switch {
	case ctx.Err() != nil: // a signal; the end of limited is in the result
		return ctx.Err()
	case err != nil:
		return err
	}
	if err := stored(&it, res); err != nil {
		return err
	}
	return o.report(s, &it, res)
}

// checkForm finds what is wrong with value and salt: no key is needed for that.
func checkForm(it dht.Item) error {
	if it.Mutable {
		// Any key will do: size and form are judged before the real one is read or made,
		// which would leave a file behind for a value that cannot be stored.
		var err error
		it, err = dht.SignItem(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), it.Salt, it.Value, 0)
		if err != nil {
			return record.WithCode(record.ExitUsage, err)
		}
	}
	if err := it.Check(); err != nil {
		return record.WithCode(record.ExitUsage, err)
	}
	return nil
}

// put completes the item and stores it.
func (o *dhtPutOptions) put(ctx context.Context, c *dhtClient, it *dht.Item, secret ed25519.PrivateKey) (dht.Result, error) {
	var cas *int64
	if it.Mutable {
		seq := o.seq
		if seq < 0 {
			var err error
			if seq, cas, err = nextSeq(ctx, c, it, secret); err != nil {
				return dht.Result{}, err
			}
		}
		signed, err := dht.SignItem(secret, it.Salt, it.Value, seq)
		if err != nil {
			return dht.Result{}, err
		}
		*it = signed
	}
	return c.find(ctx, func(ctx context.Context) dht.Result { return c.node.Put(ctx, *it, cas) })
}

// nextSeq is the sequence number for a value, given what is stored: one more, or
// the same if that is this very value. cas is the number that must not have
// changed until then.
func nextSeq(ctx context.Context, c *dhtClient, it *dht.Item, secret ed25519.PrivateKey) (seq int64, cas *int64, err error) {
	target := dht.MutableTarget([32]byte(secret.Public().(ed25519.PublicKey)), it.Salt)
	res, err := c.find(ctx, func(ctx context.Context) dht.Result { return c.node.Get(ctx, target, it.Salt) })
	switch {
	case err != nil:
		return 0, nil, err
	case ctx.Err() != nil:
		return 0, nil, record.Errorf(record.ExitNoPeers, "time was up before it was known which value is stored: give a longer --timeout, or --seq")
	case res.Item == nil: // nobody has one, so there is none to be replaced by mistake
		return 1, nil, nil
	case bytes.Equal(res.Item.Value, it.Value): // put again, to keep it alive (BEP 44)
		return res.Item.Seq, nil, nil
	case res.Item.Seq == math.MaxInt64:
		return 0, nil, record.Errorf(record.ExitOther, "the stored value has the highest sequence number there is and cannot be replaced")
	}
	return res.Item.Seq + 1, &res.Item.Seq, nil
}

// stored says why nobody stored an item.
func stored(it *dht.Item, res dht.Result) error {
	switch newer := res.Item; {
	case it.Mutable && newer != nil && newer.Seq > it.Seq:
		return record.Errorf(record.ExitOther, "a value with the sequence number %d is stored already; give a higher --seq, or none", newer.Seq)
	case it.Mutable && newer != nil && newer.Seq == it.Seq && !bytes.Equal(newer.Value, it.Value):
		return record.Errorf(record.ExitOther, "another value with the sequence number %d is stored already; give a higher --seq, or none", newer.Seq)
	case res.Stored > 0:
		return nil
	case res.Refused != nil:
		return record.Errorf(record.ExitOther, "no node stored the value: %w", res.Refused)
	}
	return record.Errorf(record.ExitNoPeers, "no node stored the value in time (%s)", tally(res))
}

// report prints where the value is to be found.
func (o *dhtPutOptions) report(s *streams, it *dht.Item, res dht.Result) error {
	rec := record.DHTPut{
		V: record.Version, Target: it.Target().String(), Stored: res.Stored,
		Search: effort(res),
	}
	text := rec.Target
	if it.Mutable {
		rec.Key, rec.Salt, rec.Seq = record.Hex(it.Key[:]), record.Hex(it.Salt), &it.Seq
		text = *rec.Key
		if ih, ok := it.Torrent(); ok {
			rec.InfoHash, rec.Magnet = record.Hex(ih[:]), keyMagnet(it)
			text += "\n" + rec.Magnet
		}
	}
	if o.json {
		return writeJSON(s.out, rec)
	}
	_, err := io.WriteString(s.out, text+"\n")
	s.console.Note(fmt.Sprintf("stored at %s for two hours; %s", ui.Count(res.Stored, "node"), tally(res)))
	return err
}

// keyMagnet is the link to what a mutable item points to (BEP 46).
func keyMagnet(it *dht.Item) string {
	link := "magnet:?xs=urn:btpk:" + hex.EncodeToString(it.Key[:])
	if len(it.Salt) > 0 {
		link += "&s=" + hex.EncodeToString(it.Salt)
	}
	return link
}
