//go:build interop && linux

package cmd

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gotor/cmd/record"
)

// program runs another program and returns its stdout.
func program(t *testing.T, argv ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(argv[0]); err != nil {
		if os.Getenv("GOTOR_INTEROP") == "require" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	var stderr bytes.Buffer
	c := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(argv, " "), err, stderr.String())
	}
	return out
}

// film makes a film whose index is at its end, as cameras do, so that a player looks
// there first.
func film(t *testing.T, name string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	program(t, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=duration=40:size=640x360:rate=25", "-f", "lavfi", "-i", "sine=duration=40",
		"-c:v", "mpeg4", "-b:v", "4M", "-minrate", "4M", "-maxrate", "4M", "-bufsize", "8M", "-c:a", "aac", path)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A player opens a film that is being downloaded by a signed link, goes to a place near
// its end before what lies between is here, and plays it whole.
func TestServePlayers(t *testing.T) {
	for _, name := range []string{"film.mp4", "film.mkv"} {
		t.Run(name, func(t *testing.T) {
			data := film(t, name)
			s := serveFrom(t, map[string][]byte{name: data, "notes.txt": []byte("notes\n")})
			id := s.add("&limits=%7B%22max_down%22:2000000%7D").ID
			list := strings.Split(string(s.read(200, "GET", "/torrents/"+id+"/playlist.m3u8", "", nil)), "\n")
			if len(list) != 4 || list[1] != "#EXTINF:-1,"+name {
				t.Fatalf("the playlist is %q", list)
			}
			link := list[2]
			var probe struct {
				Format struct {
					Duration string `json:"duration"`
				} `json:"format"`
			}
			if err := json.Unmarshal(program(t, "ffprobe", "-v", "error", "-show_format", "-of", "json", link), &probe); err != nil || !strings.HasPrefix(probe.Format.Duration, "40.") {
				t.Errorf("ffprobe: %v, %q", err, probe.Format.Duration)
			}
			program(t, "ffmpeg", "-v", "error", "-xerror", "-ss", "35", "-i", link, "-t", "1", "-f", "null", "-")
			if p := s.torrent(id, "").Progress; p == 1 {
				t.Errorf("the download was complete before the player was at its end: the test says nothing")
			} else {
				t.Logf("the place near the end was played when %.0f %% were here", 100*p)
			}
			local := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(local, data, 0o644); err != nil {
				t.Fatal(err)
			}
			played := program(t, "ffmpeg", "-v", "error", "-xerror", "-i", link, "-c", "copy", "-f", "md5", "-")
			if want := program(t, "ffmpeg", "-v", "error", "-i", local, "-c", "copy", "-f", "md5", "-"); !bytes.Equal(played, want) {
				t.Errorf("what was played is %s, want %s", played, want)
			}
		})
	}
}

// curl reads ranges, goes on with what broke off, and follows the events.
func TestServeCurl(t *testing.T) {
	data := noise(4 << 20)
	s := serveFrom(t, map[string][]byte{"data.bin": data, "notes.txt": []byte("notes\n")})
	id := s.add("").ID
	var link record.FileLink
	if err := json.Unmarshal(s.read(200, "POST", "/torrents/"+id+"/files/0/links", "application/json", strings.NewReader(`{"ttl":600}`)), &link); err != nil {
		t.Fatal(err)
	}
	curl := func(args ...string) []byte { return program(t, append([]string{"curl", "-sS", "--fail"}, args...)...) }
	if got := curl("-r", "1000000-1999999", link.URL); !bytes.Equal(got, data[1000000:2000000]) {
		t.Errorf("a range: %d bytes", len(got))
	}
	if got := curl("-r", "-100", link.URL); !bytes.Equal(got, data[len(data)-100:]) {
		t.Errorf("a suffix: %d bytes", len(got))
	}
	if got := curl("-r", "0-9,3000000-3000009", link.URL); !bytes.Contains(got, data[3000000:3000010]) || !bytes.Contains(got, []byte("Content-Range: bytes 0-9/4194304")) {
		t.Errorf("two ranges: %q", got)
	}
	half := filepath.Join(t.TempDir(), "data.bin")
	if err := os.WriteFile(half, data[:1234567], 0o644); err != nil {
		t.Fatal(err)
	}
	curl("-C", "-", "-o", half, link.URL)
	if got, err := os.ReadFile(half); err != nil || !bytes.Equal(got, data) {
		t.Errorf("gone on with: %d bytes, %v", len(got), err)
	}
	dir := t.TempDir()
	curl("--output-dir", dir, "-OJ", link.URL)
	if got, err := os.ReadFile(filepath.Join(dir, "data.bin")); err != nil || !bytes.Equal(got, data) {
		t.Errorf("under the name that the daemon says: %v", err)
	}
	events := exec.CommandContext(t.Context(), "curl", "-sSN", "--max-time", "2", "-H", "Authorization: Bearer "+childToken, s.site+"/api/v1/events?topics=rows,stats")
	out, _ := events.Output() // it ends by its time
	if !bytes.Contains(out, []byte("event: hello\nid: ")) || !bytes.Contains(out, []byte("event: stats\ndata: {")) {
		t.Errorf("events: %s", out)
	}
	if got := program(t, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", link.URL+"x"); string(got) != "401" {
		t.Errorf("with another signature: %s", got)
	}
}
