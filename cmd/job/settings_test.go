package job

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"gotor/cmd/record"
)

func TestConfigPath(t *testing.T) {
	for _, c := range []struct {
		goos, env string // VARIABLE=VALUE, separated by blanks
		want      string
		named     bool
	}{
		{"linux", "HOME=/home/u", "/home/u/.config/gotor/config", false},
		{"linux", "HOME=/home/u XDG_CONFIG_HOME=/x", "/x/gotor/config", false},
		{"linux", "HOME=/home/u XDG_CONFIG_HOME=x", "/home/u/.config/gotor/config", false}, // relative: as if unset
		{"linux", "HOME=/home/u GOTOR_CONFIG=my.conf", "my.conf", true},
		{"linux", "HOME=/home/u GOTOR_CONFIG=none", "", true},
		{"linux", "HOME=/home/u GOTOR_CONFIG=", "/home/u/.config/gotor/config", false},
		{"linux", "", "", false},
		{"darwin", "HOME=/Users/u", "/Users/u/Library/Application Support/gotor/config", false},
		{"darwin", "HOME=/Users/u XDG_CONFIG_HOME=/x", "/x/gotor/config", false},
		{"windows", "AppData=/c/AppData", "/c/AppData/gotor/config", false},
	} {
		env := map[string]string{}
		for _, pair := range strings.Fields(c.env) {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
		got, named := SettingsPath(c.goos, func(k string) (string, bool) { v, ok := env[k]; return v, ok })
		if filepath.ToSlash(got) != c.want || named != c.named {
			t.Errorf("%s, %s: %q, named %v", c.goos, c.env, got, named)
		}
	}
}

func TestParseConfig(t *testing.T) {
	c, err := ParseSettings("f", "\ufeff# one\r\n max-down=10M\r\n\n[ get ]\n\toutput =  a b \nexec = \"say \\\"x\\\" # y\"\n[dht  put]\n[get]\npeer = '#1 \"'\nexclude=\nsha256 = a=b\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []Section{
		{"", 0, []Entry{{"max-down", "10M", 2}}},
		{"get", 4, []Entry{{"output", "a b", 5}, {"exec", `say "x" # y`, 6}, {"peer", `#1 "`, 9}, {"exclude", "", 10}, {"sha256", "a=b", 11}}},
		{"dht put", 7, nil},
	}
	if !reflect.DeepEqual(c.Sections, want) {
		t.Errorf("got  %+v\nwant %+v", c.Sections, want)
	}
	for text, want := range map[string]string{
		"\nmax-down\n":          "f:2: write a setting as FLAG = VALUE",
		"= 1":                   "f:1: write a setting",
		"max down = 1":          "f:1: write a setting",
		"[get":                  "f:1: write a heading as [COMMAND]",
		"[ ]":                   "f:1: write a heading",
		"[get] # x":             "f:1: write a heading",
		"jobs = 1 # few":        "f:1: the value of jobs is not clear",
		"jobs = 1\t#few":        "f:1: the value of jobs",
		`exec = "a" b`:          "f:1: the value of exec",
		`exec = "a`:             "f:1: the value of exec",
		"exec = 'a' 'b'":        "f:1: the value of exec",
		"exec = '":              "f:1: the value of exec",
		"# fine\n\nexec = 'a\n": "f:3: the value of exec",
	} {
		if _, err := ParseSettings("f", text); err == nil || !strings.HasPrefix(err.Error(), want) || record.CodeOf(err) != record.ExitUsage {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
