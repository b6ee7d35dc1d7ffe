package cmd

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// This file runs what docs/recipes.md tells people to copy. A comment above a
// block says what it is:
//
//	<!-- run: NAME [WORD][, exit N] -->  sh, run as it stands; a text block behind it is its output
//	<!-- same: NAME -->                  for another program: it has the lines of the block NAME

// block is a fenced block of the recipes.
type block struct {
	line int
	mark string // "run" or "same"; empty: neither
	name string // with the WORD
	exit int
	lang string
	text string
	want string // standard output
}

// readBlocks splits a text in Markdown.
func readBlocks(t *testing.T, text string) []block {
	marker := regexp.MustCompile(`^<!-- (run|same): ([a-z]+(?: [a-z]+)?)(?:, exit (\d+))? -->$`)
	var blocks []block
	next := block{}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		if m := marker.FindStringSubmatch(lines[i]); m != nil {
			next.mark, next.name = m[1], m[2]
			next.exit, _ = strconv.Atoi("0" + m[3])
			continue
		}
		lang, ok := strings.CutPrefix(lines[i], "```")
		if !ok {
			if next.mark != "" {
				t.Fatalf("line %d: no block below the comment", i+1)
			}
			continue
		}
		next.line, next.lang = i+1, lang
		for i++; lines[i] != "```"; i++ {
			next.text += lines[i] + "\n"
		}
		if last := len(blocks) - 1; lang == "text" && last >= 0 && blocks[last].mark == "run" {
			blocks[last].want = next.text
		} else {
			blocks = append(blocks, next)
		}
		next = block{}
	}
	return blocks
}

// TestRecipes runs the recipes, each where the files and servers are that it
// speaks of.
func TestRecipes(t *testing.T) {
	text, err := os.ReadFile("../docs/recipes.md")
	noErr(t, err)
	blocks := map[string]block{}
	for _, b := range readBlocks(t, string(text)) {
		switch {
		case b.mark == "" && strings.Contains(b.text, "gotor "), b.lang == "sh" && b.mark != "run":
			t.Errorf("line %d: nothing runs this block", b.line)
		case b.mark == "run":
			blocks[b.name] = b
		case b.mark == "same":
			sameLines(t, b, blocks[b.name])
		}
	}
	cooked := map[string]func(*kitchen){
		"step": cookStep, "pipe": cookPipe, "tar": cookTar, "fixed": cookFixed, "fleet": cookFleet,
		"mirror": cookMirror, "cache": cookCache, "codes": cookCodes, "json": cookJSON, "many": cookMany,
	}
	for name := range blocks {
		if first, _, _ := strings.Cut(name, " "); cooked[first] == nil {
			t.Errorf("nobody knows what %s needs", name)
		}
	}
	for name, cook := range cooked {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cook(newKitchen(t, blocks))
		})
	}
}

// sameLines fails unless what b runs is what was tested as source, and nothing of
// gotor's besides.
func sameLines(t *testing.T, b, source block) {
	trim := func(s string) string {
		lines := strings.Split(strings.TrimSpace(s), "\n")
		for i, l := range lines {
			lines[i] = strings.TrimSpace(l)
		}
		return "\n" + strings.Join(lines, "\n") + "\n"
	}
	// Nix wants nothing on standard output.
	text, want := strings.ReplaceAll(trim(b.text), " >&2\n", "\n"), trim(source.text)
	before, after, ok := strings.Cut(text, want)
	if source.text == "" || !ok || strings.Contains(before+after, "gotor get") {
		t.Errorf("line %d: this block does not run what %q does:\n%s", b.line, b.name, b.text)
	}
}

// kitchen is where one recipe is tried: a folder to work in, and a web server.
type kitchen struct {
	*testing.T
	blocks map[string]block
	dir    string      // where the recipe runs; www is what the web server shows
	web    string      // its URL
	empty  atomic.Bool // it has the torrents, and their data no more
	env    []string
	ports  map[string]string // of a page: those it is run with
}

// token is what the web server asks for below /private/.
const token = "open-sesame"

func newKitchen(t *testing.T, blocks map[string]block) *kitchen {
	k := &kitchen{T: t, blocks: blocks, dir: t.TempDir()}
	k.env = append(os.Environ(), "XDG_STATE_HOME="+k.dir+"/.state", "XDG_CACHE_HOME="+k.dir+"/.cache", "XDG_RUNTIME_DIR="+k.dir+"/.run", "GOTOR_CONFIG=none")
	stayHome(func(name, value string) { k.env = append(k.env, name+"="+value) })
	noErr(t, os.MkdirAll(k.path("www/private"), 0o777))
	files := http.FileServer(http.Dir(k.path("www")))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case k.empty.Load() && !strings.HasSuffix(r.URL.Path, ".torrent"):
			http.NotFound(w, r)
		case strings.HasPrefix(r.URL.Path, "/private/") && r.Header.Get("Authorization") != "Bearer "+token:
			http.Error(w, "who are you?", http.StatusForbidden)
		default:
			files.ServeHTTP(w, r)
		}
	}))
	k.web = srv.URL
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	return k
}

// path is that of a file below the folder of the recipe.
func (k *kitchen) path(name string) string { return filepath.Join(k.dir, name) }

// file makes a file of size bytes that are not all the same, and tells its SHA-256.
func (k *kitchen) file(name string, size int) string {
	k.Helper()
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ len(name))
	}
	return k.write(name, b)
}

func (k *kitchen) write(name string, b []byte) string {
	k.Helper()
	noErr(k.T, os.MkdirAll(filepath.Dir(k.path(name)), 0o777))
	noErr(k.T, os.WriteFile(k.path(name), b, 0o666))
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// torrent makes one of what the web server has in www/name, and tells its URL.
func (k *kitchen) torrent(name string, flags ...string) string {
	k.Helper()
	c := k.command("gotor", append([]string{"create", "-q", "-o", "www/" + name + ".torrent", "www/" + name}, flags...)...)
	if out, err := c.CombinedOutput(); err != nil {
		k.Fatalf("%v: %s", err, out)
	}
	return k.web + "/" + name + ".torrent"
}

// seeded is a torrent whose data the web server has.
func (k *kitchen) seeded(name string) string {
	k.Helper()
	return k.torrent(name, "--web-seed", k.web+"/"+name)
}

func (k *kitchen) command(name string, args ...string) *exec.Cmd {
	return k.commandContext(k.Context(), name, args...)
}

func (k *kitchen) commandContext(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = k.dir
	c.Env = k.env
	return c
}

// shell is the block NAME, ready to run with the variables env.
func (k *kitchen) shell(name string, env ...string) *exec.Cmd {
	k.Helper()
	b, ok := k.blocks[name]
	if !ok {
		k.Fatalf("no block %q", name)
	}
	for _, tool := range []string{"bash", "tar", "jq"} {
		if tool != "bash" && !strings.Contains(b.text, tool+" ") {
			continue
		}
		if _, err := exec.LookPath(tool); err != nil {
			k.Skip(err)
		}
	}
	c := k.command("bash", "-euo", "pipefail", "-c", b.text)
	c.Env = append(c.Env, env...)
	return c
}

// run runs the block NAME, whose output must be what stands behind it.
func (k *kitchen) run(name string, env ...string) {
	k.Helper()
	k.runWant(k.blocks[name].want, name, env...)
}

func (k *kitchen) runWant(want, name string, env ...string) {
	k.Helper()
	c := k.shell(name, env...)
	var talk bytes.Buffer
	c.Stderr = &talk
	out, err := c.Output()
	code := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		noErr(k.T, err)
	}
	if b := k.blocks[name]; code != b.exit {
		k.Fatalf("line %d: exit code %d, want %d: %s", b.line, code, b.exit, &talk)
	}
	if d := cmp.Diff(want, string(out)); d != "" {
		k.Errorf("line %d prints other things (-want +got):\n%s", k.blocks[name].line, d)
	}
}

// same fails unless two files are the same.
func (k *kitchen) same(got, want string) {
	k.Helper()
	a, err := os.ReadFile(k.path(got))
	noErr(k.T, err)
	b, err := os.ReadFile(k.path(want))
	noErr(k.T, err)
	if !bytes.Equal(a, b) {
		k.Errorf("%s is not what %s is", got, want)
	}
}

// none fails if there is such a file.
func (k *kitchen) none(name string) {
	k.Helper()
	if _, err := os.Lstat(k.path(name)); err == nil {
		k.Errorf("%s is there", name)
	}
}

func cookStep(k *kitchen) {
	sum := k.file("www/toolchain.tar", 200_000)
	k.run("step", "URL="+k.seeded("toolchain.tar"), "SHA256="+sum)
	k.same("tools/toolchain.tar", "www/toolchain.tar")
}

func cookPipe(k *kitchen) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	content := strings.Repeat("content\n", 50_000)
	noErr(k.T, w.WriteHeader(&tar.Header{Name: "src/file", Mode: 0o644, Size: int64(len(content))}))
	_, err := w.Write([]byte(content))
	noErr(k.T, err)
	noErr(k.T, w.Close())
	k.write("www/src.tar", b.Bytes())
	k.write("want", []byte(content))
	k.run("pipe", "URL="+k.seeded("src.tar"))
	k.same("src/file", "want")
}

func cookTar(k *kitchen) {
	for i, name := range []string{"README", "one.deb", "one-dbg.deb", "pool/two.deb"} {
		k.file("www/repo/"+name, 1000+30_000*i)
	}
	k.run("tar", "URL="+k.torrent("repo", "--web-seed", k.web+"/"))
	k.same("repo/pool/two.deb", "www/repo/pool/two.deb")
	k.none("repo/one-dbg.deb")
	k.none("repo/README")
}

func cookFixed(k *kitchen) {
	sum := k.file("www/disk.img", 300_000)
	url := k.seeded("disk.img")
	k.run("fixed", "url="+url, "sha256="+sum, "out=disk.img")
	k.same("disk.img", "www/disk.img")
	k.empty.Store(true) // the second time nothing is fetched
	k.run("fixed", "url="+url, "sha256="+sum, "out=disk.img")
}

// cookFleet has a first machine that stays, and two that come when the web server
// has lost the data: they have it from the first one.
func cookFleet(k *kitchen) {
	k.file("build/app", 400_000)
	k.file("build/lib/so", 100_001)
	tracker := k.start(k.command("gotor", "tracker", "--listen", "127.0.0.1:0"))
	k.run("fleet", "WWW=www", "WEB="+k.web, "TRACKER="+tracker)

	if path := k.start(k.shell("fleet machine", "STAY=1h", "DIR=one", "WEB="+k.web)); path != "one/build" {
		k.Errorf("the first machine prints %q", path)
	}
	k.empty.Store(true)
	for _, dir := range []string{"two", "three"} {
		k.runWant(dir+"/build\n", "fleet machine", "STAY=1ms", "DIR="+dir, "WEB="+k.web)
	}
	for _, dir := range []string{"one", "two", "three"} {
		k.same(dir+"/build/app", "build/app")
		k.same(dir+"/build/lib/so", "build/lib/so")
	}
}

// start starts c, tells the first line that it prints, and ends it with the test,
// as Ctrl-C does.
func (k *kitchen) start(c *exec.Cmd) string {
	k.Helper()
	out, err := c.StdoutPipe()
	noErr(k.T, err)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // bash and what it runs
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGINT) }
	noErr(k.T, c.Start())
	lines := bufio.NewScanner(out)
	found := lines.Scan()
	k.Cleanup(func() { // the context is over by now
		for lines.Scan() {
		}
		c.Wait()
	})
	if !found {
		k.Fatalf("%s printed nothing", c)
	}
	return lines.Text()
}

func cookMirror(k *kitchen) {
	k.file("www/disk.img", 300_000)
	url := k.torrent("disk.img")
	noErr(k.T, os.Rename(k.path("www/disk.img"), k.path("www/private/disk.img")))
	k.run("mirror", "URL="+url, "MIRROR="+k.web+"/private", "TOKEN="+token)
	k.same("disk.img", "www/private/disk.img")
}

// cookCache has a first job that is over long before the data is there.
func cookCache(k *kitchen) {
	k.file("www/disk.img", 3_000_000)
	url := k.seeded("disk.img")
	k.runWant("goes on next time\n", "cache", "URL="+url, "BUDGET=1s", "GOTOR_MAX_DOWN=100K")
	k.none("cache/disk.img")
	k.runWant("cache/disk.img\ncomplete\n", "cache", "URL="+url, "BUDGET=1m")
	k.same("cache/disk.img", "www/disk.img")
}

func cookCodes(k *kitchen) {
	k.run("codes", "URL="+k.web+"/gone.torrent")
	k.none("disk.img")
}

func cookJSON(k *kitchen) {
	k.file("www/disk.img", 300_000)
	k.run("json", "URL="+k.seeded("disk.img"))
}

func cookMany(k *kitchen) {
	k.file("www/disk.img", 30_000)
	k.write("list.txt", fmt.Appendf(nil, "# all of them\n%s\ngone.torrent\n", k.seeded("disk.img")))
	k.run("many")
	k.same("disk.img", "www/disk.img")
}
