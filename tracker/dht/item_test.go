package dht

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The test vectors of BEP 44.
func TestItemVectors(t *testing.T) {
	key := unhex(t, "77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548")
	for _, tt := range []struct{ name, salt, signed, target, sig string }{
		{"mutable", "", "3:seqi1e1:v12:Hello World!", "4a533d47ec9c7d95b1ad75f576cffc641853b750",
			"305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01"},
		{"with salt", "foobar", "4:salt6:foobar3:seqi1e1:v12:Hello World!", "411eba73b6f087ca51a3795d9c8c938d365e32c1",
			"6834284b6b24c3204eb2fea824d82f88883a3d95e8b4a21b8c0ded553d17d17ddf9a8a7104b1258f30bed3787e6cb896fca78c58f8e03b5f18f14951a87d9a08"},
	} {
		it := Item{Value: []byte("12:Hello World!"), Mutable: true, Key: [32]byte(key), Salt: []byte(tt.salt), Seq: 1,
			Sig: [64]byte(unhex(t, tt.sig))}
		if got := string(it.signed()); got != tt.signed {
			t.Errorf("%s: signed is %q, want %q", tt.name, got, tt.signed)
		}
		if got := it.Target(); got != mustID(t, tt.target) {
			t.Errorf("%s: the target is %v, want %v", tt.name, got, tt.target)
		}
		if err := it.Check(); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		it.Seq++
		if err := it.Check(); !errors.Is(err, errSignature) {
			t.Errorf("%s with another sequence number: %v", tt.name, err)
		}
	}
	immutable := Item{Value: []byte("12:Hello World!")}
	if got := immutable.Target(); got != mustID(t, "e5f96f6f38320f0f33959cb4d3d656452117aadb") {
		t.Errorf("immutable: the target is %v", got)
	}
}

// The test vectors of BEP 46.
func TestMutableTargetVectors(t *testing.T) {
	key := [32]byte(unhex(t, "8543d3e6115f0f98c944077a4493dcd543e49c739fd998550a1f614ab36ed63e"))
	if got := MutableTarget(key, nil); got != mustID(t, "cc3f9d90b572172053626f9980ce261a850d050b") {
		t.Errorf("without salt: %v", got)
	}
	if got := MutableTarget(key, []byte{0x6e}); got != mustID(t, "59ee7c2cb9b4f7eb1986ee2d18fd2fdb8a56554f") {
		t.Errorf("with salt: %v", got)
	}
	if a, b := MutableTarget(key, bytes.Repeat([]byte{1}, 200)), MutableTarget(key, bytes.Repeat([]byte{2}, 200)); a == b {
		t.Error("long salts are not told apart")
	}
}

func testKey(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func TestSignItem(t *testing.T) {
	infoHash := mustID(t, "4a533d47ec9c7d95b1ad75f576cffc641853b750")
	it, err := SignItem(testKey(1), []byte("salt"), append([]byte("d2:ih20:"), append(infoHash[:], 'e')...), 7)
	if err != nil {
		t.Fatal(err)
	}
	if err := it.Check(); err != nil {
		t.Error(err)
	}
	if got, ok := it.Torrent(); !ok || got != infoHash {
		t.Errorf("the torrent is %v, %v", got, ok)
	}
	for _, value := range []string{"i1e", "d2:ih3:abce", "d2:ihi1ee", "broken"} {
		other := Item{Value: []byte(value)}
		if got, ok := other.Torrent(); ok {
			t.Errorf("%q points to %v", value, got)
		}
	}
	if _, err := SignItem(testKey(1)[:10], nil, []byte("i1e"), 1); err == nil {
		t.Error("a short key was taken")
	}
}

func TestItemLimits(t *testing.T) {
	key := testKey(1)
	for _, tt := range []struct {
		name, value, salt string
		seq               int64
		want              error
	}{
		{"largest", "996:" + strings.Repeat("x", 996), strings.Repeat("s", 64), 0, nil},
		{"value too big", "997:" + strings.Repeat("x", 997), "", 0, errValueTooBig},
		{"salt too big", "i1e", strings.Repeat("s", 65), 0, errSaltTooBig},
		{"negative seq", "i1e", "", -1, errNegativeSeq},
		{"unsorted", "d1:bi1e1:ai1ee", "", 0, errUnsorted},
	} {
		if _, err := SignItem(key, []byte(tt.salt), []byte(tt.value), tt.seq); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	for _, value := range []string{"", "i1", "i01e", "i1ei2e", strings.Repeat("l", 20) + strings.Repeat("e", 20)} {
		if _, err := SignItem(key, nil, []byte(value), 0); err == nil {
			t.Errorf("value %q was taken", value)
		}
	}
}
