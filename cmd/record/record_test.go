package record

import (
	"path/filepath"
	"testing"
)

func TestPath(t *testing.T) {
	for in, want := range map[string]string{
		"a": "a", "": "", "a/-b": "a/-b", "/-a": "/-a", "./-a": "./-a",
		"-a": filepath.FromSlash("./") + "-a", "--help": filepath.FromSlash("./") + "--help", "-": filepath.FromSlash("./") + "-",
	} {
		if got := Path(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
