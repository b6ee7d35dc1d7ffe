package cmd

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// This file runs what README.md and the pages in docs/ tell people to type, but for
// recipes.md, which has a test of its own. A page is one session: its sh and console
// blocks run one after the other in one shell, in a folder that has what they speak
// of, and print what the text block behind them says. Numbers are not compared.
// Settings (ini) are put where gotor reads them. A comment above a block,
// <!-- needs: WORD -->, leaves it out where something else tries it.

func TestDocs(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	noErr(t, err)
	for _, page := range append(pages, "../README.md") {
		name := filepath.Base(page)
		if name == "recipes.md" {
			continue
		}
		text, err := os.ReadFile(page)
		noErr(t, err)
		blocks := readPage(t, name, string(text))
		if len(blocks) == 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runPage(newKitchen(t, nil), name, blocks)
		})
	}
}

// readPage splits a page into its blocks, and joins each with its output. It
// refuses blocks that nothing would run.
func readPage(t *testing.T, name, text string) (blocks []block) {
	t.Helper()
	needs := false
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		if strings.HasPrefix(lines[i], "<!-- needs: ") {
			needs = true
			continue
		}
		lang, ok := strings.CutPrefix(lines[i], "```")
		if !ok {
			continue
		}
		b := block{line: i + 1, lang: lang}
		for i++; lines[i] != "```"; i++ {
			b.text += lines[i] + "\n"
		}
		last := len(blocks) - 1
		switch {
		case needs:
			needs = false
		case lang == "text" && last >= 0 && blocks[last].lang == "sh":
			blocks[last].want = b.text
		case lang == "sh", lang == "ini":
			blocks = append(blocks, b)
		case lang == "console":
			blocks = append(blocks, readConsole(b))
		default:
			t.Errorf("%s:%d: nothing runs a block of %q", name, b.line, lang)
		}
	}
	return blocks
}

// readConsole makes a script and its output of what stands on a screen.
func readConsole(b block) block {
	var typed strings.Builder
	for l := range strings.Lines(b.text) {
		if command, ok := strings.CutPrefix(l, "$ "); ok {
			typed.WriteString(command)
		} else {
			b.want += l
		}
	}
	b.text = typed.String()
	return b
}

// blockEnd is printed between the blocks of a page.
const blockEnd = "\x1eend of block"

// runPage runs the blocks of a page and compares what they print.
func runPage(k *kitchen, name string, blocks []block) {
	k.needTools("bash", "tar", "jq", "cmp")
	k.stock()
	const listen = "GOTOR_LISTEN=127.0.0.1:7470" // others may have the port
	switch name {
	case "README.md":
		k.sources()
		k.env = append(k.env, listen)
	case "serve.md": // the folders of the user are where the page says
		k.needTools("curl")
		k.env = append(k.env, "XDG_STATE_HOME=", listen)
	case "settings.md": // it only looks at settings, and shows which are not the default
		k.env = slices.DeleteFunc(k.env, func(v string) bool { return strings.HasPrefix(v, "GOTOR_") })
	}
	var script strings.Builder
	script.WriteString("set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n")
	for _, b := range blocks {
		switch b.lang {
		case "ini":
			fmt.Fprintf(&script, "mkdir -p ~/.config/gotor && cat > ~/.config/gotor/config <<'%[1]s'\n%[2]s%[1]s\ngotor config show get > /dev/null\n", "=====", b.text)
		case "console":
			fmt.Fprintf(&script, "set +e\n{\n%s} 2>&1\nset -e\n", b.text)
		default:
			script.WriteString(freshPorts(k, b.text))
		}
		script.WriteString("printf '" + blockEnd + "\\n'\n")
	}
	ctx, cancel := context.WithTimeout(k.Context(), 10*time.Minute) // for a page that waits for what never comes
	defer cancel()
	c := k.commandContext(ctx, "bash", "-c", script.String())
	for i := range c.Env {
		c.Env[i] = freshPorts(k, c.Env[i])
	}
	c.Env = append(c.Env, "HOME="+k.path("home"), "GOTOR_CONFIG=", "WEB="+k.web, "TOKEN="+token)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // and what it starts
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGTERM) }
	c.WaitDelay = 10 * time.Second // what it leaves behind holds its output open
	var talk bytes.Buffer
	c.Stderr = &talk
	out, err := c.Output()
	parts := strings.Split(strings.ReplaceAll(string(out), k.path("home"), "/home/u"), blockEnd+"\n")
	for i, b := range blocks {
		if i >= len(parts)-1 {
			k.Fatalf("%s:%d: this block ends with %v: %s%s", name, b.line, err, parts[i], &talk)
		}
		if d := cmp.Diff(maskNumbers(b.want), maskNumbers(parts[i])); d != "" && (b.want != "" || b.lang == "console") {
			k.Errorf("%s:%d: the block prints other things (-want +got):\n%s", name, b.line, d)
		}
	}
}

// freshPorts puts free ports in the place of those that a page writes: others may
// use these on this machine. The same one stays the same within a page.
func freshPorts(k *kitchen, text string) string {
	return regexp.MustCompile(`\b(7001|7002|7881|6969|7470)\b`).ReplaceAllStringFunc(text, func(port string) string {
		if k.ports == nil {
			k.ports = map[string]string{}
		}
		if k.ports[port] == "" {
			k.ports[port] = openPort(k.T)
		}
		return k.ports[port]
	})
}

// openPort is a port that nobody listens on, over TCP or UDP.
func openPort(t *testing.T) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", ":0")
		noErr(t, err)
		u, err := net.ListenPacket("udp", l.Addr().String())
		l.Close()
		if err == nil {
			u.Close()
			_, port, _ := net.SplitHostPort(l.Addr().String())
			return port
		}
	}
	t.Fatal("no free port")
	return ""
}

// stock puts into the folder what the pages speak of: torrents whose data the web
// server has, one with a seed and one that nobody has, and data to be seeded.
func (k *kitchen) stock() {
	k.Helper()
	noErr(k.T, os.MkdirAll(k.path("home"), 0o777))
	k.file("www/disk.img", 3_000_000)
	k.file("www/dead.img", 3_000)
	k.file("www/build/bin", 30_000)
	for i, name := range []string{"install.sh", "a.nfo", "disk.iso", "docs/manual.pdf", "docs/more/index.pdf", "one.deb", "x-amd64.deb"} {
		k.file("www/release/"+name, 1000+7000*i)
	}
	k.write("www/backup.tar", tarOf(k.T, "backup/file", 200_000))
	k.file("report.pdf", 100_000)
	k.file("app/bin", 400_000)
	noErr(k.T, os.MkdirAll(k.path("srv"), 0o777))
	noErr(k.T, os.CopyFS(k.path("srv/release"), os.DirFS(k.path("www/release"))))
	noErr(k.T, os.CopyFS(k.path("www/pub/release"), os.DirFS(k.path("www/release"))))
	noErr(k.T, os.Link(k.path("www/disk.img"), k.path("www/private/disk.img")))

	tracker := k.start(k.command("gotor", "tracker", "--listen", "127.0.0.1:0"))
	create := func(torrent, data string, flags ...string) {
		k.Helper()
		c := k.command("gotor", append([]string{"create", "-q", "-o", torrent, "www/" + data}, flags...)...)
		if out, err := c.CombinedOutput(); err != nil {
			k.Fatalf("%v: %s", err, out)
		}
	}
	create("disk.torrent", "disk.img", "--tracker", tracker)
	create("dead.torrent", "dead.img", "--tracker", tracker)
	create("mirrored.torrent", "disk.img")
	create("folder.torrent", "release")
	create("build.torrent", "build", "--web-seed", k.web+"/")
	create("release.torrent", "release", "--web-seed", k.web+"/")
	create("backup.tar.torrent", "backup.tar", "--web-seed", k.web+"/")
	k.write("list", []byte("# what is needed\ndisk.torrent\nrelease.torrent\n"))
	k.start(k.command("gotor", "seed", "-q", "disk.torrent", "www"))
}

// tarOf is an archive with one file of size bytes.
func tarOf(t *testing.T, name string, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	noErr(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(size)}))
	_, err := w.Write(bytes.Repeat([]byte("content\n"), size/8))
	noErr(t, err)
	noErr(t, w.Close())
	return b.Bytes()
}

// sources copies the tree of gotor into the folder, as one who has cloned it finds
// it, for make to build.
func (k *kitchen) sources() {
	k.Helper()
	k.needTools("make", "go")
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH", "GOFLAGS", "GOPROXY"} {
		out, err := exec.Command("go", "env", name).Output()
		noErr(k.T, err)
		k.env = append(k.env, name+"="+strings.TrimSpace(string(out)))
	}
	root := os.DirFS("..")
	noErr(k.T, fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == ".git" || name == "dist" || d.Name() == "testdata" && name != "testdata"):
			return fs.SkipDir
		case !d.Type().IsRegular() || strings.HasSuffix(name, "_test.go") || name == "gotor":
			return nil
		}
		b, err := fs.ReadFile(root, name)
		if err == nil {
			k.write(name, b)
		}
		return err
	}))
}

// maskNumbers puts # in the place of every number, its unit and the blanks before
// it: they differ from run to run.
func maskNumbers(s string) string {
	s = regexp.MustCompile(`\d[\d.]*( ?[KMGT]iB(/s)?| ?[mµn]?s\b| ?(bytes|B)(/s)?)?`).ReplaceAllString(s, "#")
	return strings.TrimSpace(regexp.MustCompile(` +#| +`).ReplaceAllString(s, " #"))
}

// needTools skips the test where a program is not there.
func (k *kitchen) needTools(names ...string) {
	k.Helper()
	for _, n := range names {
		if _, err := exec.LookPath(n); err != nil {
			k.Skip(err)
		}
	}
}
