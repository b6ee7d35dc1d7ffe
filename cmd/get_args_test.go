package cmd

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gotor/cmd/record"
)

func TestInputFile(t *testing.T) {
	list := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(list, []byte("b\nc\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	o, err := captureGet(t, nil, "-i", list, "a")
	if err != nil || !slices.Equal(o.sources, []string{"a", "b", "c"}) {
		t.Fatalf("%+v, %v", o, err)
	}
	if o, err = captureGet(t, map[string]string{"GOTOR_INPUT_FILE": list}); err != nil || len(o.sources) != 2 {
		t.Errorf("from the environment: %+v, %v", o, err)
	}
	for _, c := range []struct {
		lines string
		args  string
		code  int
	}{
		{"# nothing\n", "", record.ExitUsage},
		{"-\n-\n", "", record.ExitUsage}, // standard input twice
		{"-\n", "-", record.ExitUsage},
		{"a\nb\n", "-o -", record.ExitUsage},
		{"a\n", "-o -", record.ExitOK},
		{"-\n", "", record.ExitOK},
	} {
		if err := os.WriteFile(list, []byte(c.lines), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := captureGet(t, nil, append(strings.Fields(c.args), "--input-file", list)...); record.CodeOf(err) != c.code {
			t.Errorf("%q with %s: %v", c.lines, c.args, err)
		}
	}
	if _, err := captureGet(t, nil, "-i", list+".none"); record.CodeOf(err) != record.ExitFile {
		t.Errorf("no such file: %v", err)
	}
	if _, err := captureGet(t, nil, "-i", filepath.Dir(list)); record.CodeOf(err) != record.ExitFile {
		t.Errorf("a folder: %v", err)
	}
	if _, err := captureGet(t, nil, "-i", "-", "-"); record.CodeOf(err) != record.ExitUsage {
		t.Errorf("standard input for two things: %v", err)
	}
}
