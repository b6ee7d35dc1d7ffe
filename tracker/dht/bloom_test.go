package dht

import (
	"encoding/hex"
	"math"
	"net/netip"
	"strings"
	"testing"
)

// vectorFilter is the filter of the test vector of BEP 33.
const vectorFilter = `
 F6C3F5EA A07FFD91 BDE89F77 7F26FB2B FF37BDB8 FB2BBAA2 FD3DDDE7 BACFFF75 EE7CCBAE
 FE5EEDB1 FBFAFF67 F6ABFF5E 43DDBCA3 FD9B9FFD F4FFD3E9 DFF12D1B DF59DB53 DBE9FA5B
 7FF3B8FD FCDE1AFB 8BEDD7BE 2F3EE71E BBBFE93B CDEEFE14 8246C2BC 5DBFF7E7 EFDCF24F
 D8DC7ADF FD8FFFDF DDFFF7A4 BBEEDF5C B95CE81F C7FCFF1F F4FFFFDF E5F7FDCB B7FD79B3
 FA1FC77B FE07FFF9 05B7B7FF C7FEFEFF E0B8370B B0CD3F5B 7F2BD93F EB4386CF DD6F7FD5
 BFAF2E9E BFFFFEEC D67ADBF7 C67F17EF D5D75EBA 6FFEBA7F FF47A91E B1BFBB53 E8ABFB57
 62ABE8FF 237279BF EFBFEEF5 FFC5FEBF DFE5ADFF ADFEE1FB 737FFFFB FD9F6AEF FEEE76B6
 FD8F72EF`

// "Inserting the addresses 192.0.2.0 - 192.0.2.255 and 2001:DB8:: -
// 2001:DB8::3E7 (ranges are inclusive) into a bloom filter must result in the
// following array of bytes"
func TestBloomVector(t *testing.T) {
	var f bloom
	for ip, end := netip.MustParseAddr("192.0.2.0"), netip.MustParseAddr("192.0.3.0"); ip != end; ip = ip.Next() {
		f.insert(ip)
	}
	for ip, end := netip.MustParseAddr("2001:db8::"), netip.MustParseAddr("2001:db8::3e8"); ip != end; ip = ip.Next() {
		f.insert(ip)
	}
	want := strings.ToLower(strings.Join(strings.Fields(vectorFilter), ""))
	if got := hex.EncodeToString(f[:]); got != want {
		t.Errorf("the filter is\n%s\nwant\n%s", got, want)
	}
	// "For the 1256 inserted values the calculated estimate should be 1224.9308"
	if got := f.estimate(); math.Abs(got-1224.9308) > 0.0001 {
		t.Errorf("the estimate is %v, want 1224.9308", got)
	}
	if !f.contains(netip.MustParseAddr("192.0.2.77")) {
		t.Error("an address that was inserted is not contained")
	}
}

func TestBloomEdges(t *testing.T) {
	var empty, full, one bloom
	if got := empty.estimate(); got != 0 {
		t.Errorf("the empty filter counts %v", got)
	}
	full.unite([]byte(strings.Repeat("\xff", len(full))))
	if got := full.estimate(); got < mostCounted || math.IsInf(got, 0) || math.IsNaN(got) {
		t.Errorf("the full filter counts %v, want a number over %d", got, mostCounted)
	}
	one.insert(netip.MustParseAddr("1.2.3.4"))
	if got := one.estimate(); math.Abs(got-1) > 0.01 {
		t.Errorf("a filter with one address counts %v", got)
	}
	if one.contains(netip.MustParseAddr("4.3.2.1")) {
		t.Error("a filter contains what was not inserted")
	}
}
