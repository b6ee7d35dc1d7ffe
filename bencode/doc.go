// Package bencode is the strict, bounded door through which every bencoded
// byte from outside passes (BEP 3: strings, integers, lists, dictionaries).
//
// [Parse] checks a whole buffer in one pass without recursion, reflection or
// allocation, unless keys are unsorted, and returns a [Value], a view into the
// buffer: strings are sub-slices of the input, nothing is copied, so a torrent
// with a million piece hashes costs no more memory than its bytes. Hot
// messages are read with Value.Get and written with the Append functions.
//
//	v, err := bencode.Parse(packet, bencode.Limits{Size: 1500})
//	id, ok := v.Get("a").Get("id").Str()
//
// Messages that are not hot may use [Marshal] and [Unmarshal], which put
// zeebo/bencode behind the same scan: that library recurses without a limit
// and allocates a string's announced length before it has read the string.
//
// # What is accepted
//
// Exactly canonical bencode, with two things tolerated because real files have
// them: dictionary keys out of order (Value.Sorted tells; whoever hashes raw
// bytes is not hurt by it), and integers of any size (BEP 3 sets no limit;
// Value.Int says no to what an int64 cannot hold). Rejected are leading zeros,
// -0, plus signs, white space inside, duplicate keys, keys that are not
// strings, keys without a value, lengths that run over the end, trailing
// bytes, and whatever passes a limit. Errors are *[Error] and carry the offset.
//
// With Limits.Lenient, for what nobody hashes, it is what libtorrent accepts:
// leading zeros, -0, keys that come again (the first counts) and bytes behind
// the value pass as well. Everything else is rejected as before, and the limits
// are the same.
//
// # Goroutines and memory
//
// The package starts no goroutines and keeps no state. A Value aliases its
// input, which must not be changed while the Value is in use. Only an input
// with unsorted keys makes the scan allocate: it is walked a second time with
// all its keys in a list (8 bytes a key) to find duplicates in n log n time.
package bencode
