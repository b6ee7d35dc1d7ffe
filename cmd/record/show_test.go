package record

import (
	"strings"
	"testing"

	"gotor/torrent/metainfo"
)

func TestShowRecordHasNoNullLists(t *testing.T) {
	m, err := metainfo.Parse([]byte("d4:infod6:lengthi1e4:name1:x12:piece lengthi16384e6:pieces20:00000000000000000000ee"))
	if err != nil {
		t.Fatal(err)
	}
	line, err := Line(NewShow(m))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"files", "trackers", "web_seeds", "http_seeds", "nodes"} {
		if !strings.Contains(string(line), `"`+key+`":[`) {
			t.Errorf("%s is no list in %s", key, line)
		}
	}
}
