package job

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gotor/cmd/record"
)

func TestParseHeaders(t *testing.T) {
	got, err := ParseHeaders([]string{"authorization: Bearer x:y ", "X-A:1", "x-a: 2", "Empty:"})
	want := http.Header{"Authorization": {"Bearer x:y"}, "X-A": {"1", "2"}, "Empty": {""}}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"", "no colon s3cret", ": s3cret", "a b: s3cret", "X: s3cret\r\nHost: y", "X: \x00s3cret", "Range: s3cret", "accept-encoding: s3cret", "x\x7f: s3cret"} {
		_, err := ParseHeaders([]string{bad})
		if record.CodeOf(err) != record.ExitUsage || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
