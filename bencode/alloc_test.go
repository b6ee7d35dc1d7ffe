package bencode

import (
	"strings"
	"testing"
)

// krpc is a DHT message, the smallest hot input; ann a tracker's answer.
const (
	krpc = "d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz123456e1:q9:get_peers1:t2:aa1:y1:qe"
	ann  = "d8:completei12e10:incompletei3e8:intervali1800e5:peers12:123456abcdef6:peers60:e"
)

func TestHotPathAllocatesNothing(t *testing.T) {
	msg, list := []byte(krpc), []byte("l"+strings.Repeat("i7e1:x", 50)+"e")
	dst := make([]byte, 0, 256)
	tests := []struct {
		name string
		f    func()
	}{
		{"Scan", func() {
			if Scan(msg, Limits{Size: 1500}) != nil {
				t.Fatal("rejected")
			}
		}},
		{"Parse and Get", func() {
			v, _ := Parse(msg, Limits{})
			if id, ok := v.Get("a").Get("id").Str(); !ok || len(id) != 20 {
				t.Fatal("no id")
			}
			if v.Get("a").Get("port").Kind() != Invalid {
				t.Fatal("found a port")
			}
		}},
		{"ParsePrefix", func() {
			if _, _, err := ParsePrefix(msg, Limits{}); err != nil {
				t.Fatal(err)
			}
		}},
		{"Entries", func() {
			v, _ := Parse(msg, Limits{})
			for k, e := range v.Entries() {
				if len(k) == 0 || e.Kind() == Invalid {
					t.Fatal("bad entry")
				}
			}
		}},
		{"Items", func() {
			v, _ := Parse(list, Limits{})
			var sum int64
			for item := range v.Items() {
				n, _ := item.Int()
				sum += n
			}
			if sum != 350 {
				t.Fatal(sum)
			}
		}},
		{"Append", func() {
			b := append(dst[:0], 'd')
			b = AppendKeyString(b, "id", msg[:20])
			b = AppendKeyInt(b, "port", 6881)
			_ = append(b, 'e')
		}},
	}
	for _, tt := range tests {
		if n := testing.AllocsPerRun(100, tt.f); n != 0 {
			t.Errorf("%s: %v allocations, want 0", tt.name, n)
		}
	}
}

func BenchmarkScan(b *testing.B) {
	files := "d4:infod5:filesl" + strings.Repeat("d6:lengthi1234567e4:pathl3:dir12:filename.txtee", 10_000) + "eee"
	inputs := []struct{ name, in string }{
		{"krpc", krpc},
		{"announce", ann},
		{"pieces", "d6:pieces20000000:" + strings.Repeat("\x00", 20_000_000) + "e"},
		{"files", files},
		{"integers", "l" + strings.Repeat("i1e", 1_000_000) + "e"},
	}
	for _, input := range inputs {
		b.Run(input.name, func(b *testing.B) {
			in := []byte(input.in)
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				if err := Scan(in, Limits{Size: maxSize}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	v, err := Parse([]byte(krpc), Limits{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := v.Get("a").Get("info_hash").Str(); !ok {
			b.Fatal("not found")
		}
	}
}

func BenchmarkScanUnsorted(b *testing.B) {
	in := []byte{'d'}
	for i := 99_999; i >= 0; i-- {
		in = AppendInt(AppendString(in, []byte{byte(i >> 16), byte(i >> 8), byte(i)}), 1)
	}
	in = append(in, 'e')
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if err := Scan(in, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
