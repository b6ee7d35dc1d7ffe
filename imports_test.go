package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// The architecture, as a test: who may import whom, and why. It reads the
// source files and nothing else, so it sees the files of every system, needs
// no network, and fails with the reason of the rule that was broken.

const modulePath = "gotor"

// pkg is a folder with Go files, and which folders of ours its non-test files
// may import.
type pkg struct {
	imports []string
	why     string
}

const (
	leaf     = "it is a leaf: it can be read, tested and reused without the rest"
	edge     = "piece and peer/wire are the only edge between the peer and piece families"
	families = "the tracker and peer families meet only in torrent, which speaks in netip.AddrPort and net.Conn to both"
	machines = "machines have no I/O and no goroutines: they are told the time and what happened, and say what is to be done"
)

// packages are all the packages there may be.
func packages() map[string]pkg {
	return map[string]pkg{
		".":   {[]string{"cmd"}, "main only turns cmd's exit code into the end of the process"},
		"cmd": {[]string{"cmd/api", "cmd/daemon", "cmd/remote", "cmd/transmission", "cmd/web", "cmd/job", "cmd/record", "cmd/ui", "torrent", "torrent/metainfo", "torrent/network", "tracker", "tracker/server", "tracker/dht"}, "commands talk to the control plane; what lies below torrent is torrent's business"},

		"cmd/api":          {[]string{"cmd/record"}, "the API is in front of a Session, made up or real: it knows requests and answers, not torrents"},
		"cmd/transmission": {[]string{"cmd/record"}, "another dialect in front of the same Session"},
		"cmd/remote":       {[]string{"cmd/record"}, "whoever talks to a daemon sees of it what goes over the wire"},
		"cmd/daemon": {[]string{"cmd/job", "cmd/record", "torrent", "torrent/metainfo", "torrent/network", "torrent/session"},
			"it carries out on a torrent.Client what a session says; who asks for it, over which protocol, is not its business"},
		"cmd/job": {[]string{"cmd/record", "torrent", "torrent/metainfo", "torrent/network", "tracker", "tracker/redact"},
			"from what a user says to a torrent.Spec it is the same way for a command and for a request: it knows no flags and prints nothing"},
		"cmd/record": {[]string{"torrent", "torrent/metainfo", "tracker", "tracker/redact"}, "records are made of what the engine tells; who prints them, and for whom, is not their business"},
		"cmd/ui":     {[]string{"cmd/record", "torrent", "torrent/metainfo", "tracker/redact"}, "it shows what it is given; flags, sources and the network are not its business"},
		"cmd/web":    {nil, "the page talks to the API over HTTP only"},

		"torrent": {[]string{"torrent/metainfo", "torrent/network", "torrent/swarm", "peer", "peer/wire", "peer/mse", "peer/utp", "peer/webseed", "peer/nat",
			"piece", "piece/storage", "piece/merkle", "tracker", "tracker/dht", "tracker/lsd", "bencode"}, "torrent imports what lies below it, never the command line"},
		"torrent/network":  {nil, "it is the door to the network: what judges addresses must know nothing of who wants them"},
		"torrent/session":  {nil, "what is to survive a power cut must be readable without the engine"},
		"torrent/swarm":    {[]string{"piece"}, "machines know pieces and addresses, not who carries out what they say"},
		"torrent/metainfo": {[]string{"bencode", "piece/merkle"}, "a parser knows bytes and hashes, not swarms"},

		"peer":         {[]string{"piece", "peer/wire"}, edge},
		"peer/webseed": {[]string{"piece", "peer/wire"}, edge},
		"peer/wire":    {[]string{"bencode"}, "the codec is stateless: bytes to values and back"},
		"peer/mse":     {nil, leaf},
		"peer/utp":     {nil, leaf},
		"peer/nat":     {nil, leaf},
		"peer/simnet":  {nil, leaf},

		"piece":         {[]string{"piece/storage", "piece/merkle"}, "piece does not know metainfo: it is handed a Layout and hashes"},
		"piece/storage": {nil, leaf},
		"piece/merkle":  {nil, leaf},

		"tracker":        {[]string{"bencode", "tracker/redact"}, families},
		"tracker/redact": {nil, leaf},
		"tracker/server": {[]string{"tracker", "bencode"}, families},
		"tracker/dht":    {[]string{"bencode"}, families},
		"tracker/lsd":    {nil, leaf},

		"bencode": {nil, leaf},
	}
}

// isMachine reports whether a folder has machines: what decides, and does nothing
// else.
func isMachine(dir string) bool { return dir == "torrent/swarm" }

// noMachine are the standard packages, with what lies below them, that have no
// place in a machine. net/netip is addresses, no network.
func noMachine() []string {
	return []string{"context", "log", "net", "os", "runtime", "sync", "syscall"}
}

// module is a third-party module: the packages whose non-test files may import
// it (nil: all of them), or tests only.
type module struct {
	in    []string
	tests bool
	why   string
}

// modules are all the modules that source files may import.
func modules() map[string]module {
	const front = "the command line stays in cmd: the engine is a library and never prints"
	const shown = "what people see is made in cmd/ui alone, so that it looks the same everywhere"
	const api = "only the API serves HTTP to people"
	const testing = "it is a tool of tests"
	return map[string]module{
		"github.com/spf13/cobra":            {in: []string{"cmd"}, why: front},
		"github.com/spf13/pflag":            {in: []string{"cmd"}, why: front},
		"github.com/schollz/progressbar/v3": {in: []string{"cmd/ui"}, why: shown},
		"golang.org/x/term":                 {in: []string{"cmd/ui"}, why: shown}, // a part of progressbar already,
		"github.com/rivo/uniseg":            {in: []string{"cmd/ui"}, why: shown}, // and so is this: the width of text
		"github.com/danielgtaylor/huma/v2":  {in: []string{"cmd/api"}, why: api},
		"github.com/swaggest/swgui":         {in: []string{"cmd/api"}, why: api},
		"github.com/coreos/go-systemd/v22":  {in: []string{"cmd"}, why: "who has started us is the command's business"},
		"github.com/fsnotify/fsnotify":      {in: []string{"cmd/daemon"}, why: "only the daemon watches folders"},
		"github.com/zeebo/bencode":          {in: []string{"bencode"}, why: "it has no depth limit and allocates announced lengths: everything passes our bounded scan first"},
		"github.com/huin/goupnp":            {in: []string{"peer/nat"}, why: "routers are peer/nat's business"},
		"github.com/jackpal/go-nat-pmp":     {in: []string{"peer/nat"}, why: "routers are peer/nat's business"},
		"github.com/pion/stun":              {in: []string{"peer/nat"}, why: "routers are peer/nat's business"},
		"github.com/gofrs/flock":            {in: []string{"piece/storage", "torrent/session"}, why: "locks belong to the files they guard"},

		"github.com/bits-and-blooms/bitset":   {},
		"github.com/google/renameio":          {},
		"github.com/prometheus/client_golang": {},
		"golang.org/x/sync":                   {},
		"golang.org/x/sys":                    {},
		"golang.org/x/time":                   {},
		"golang.org/x/text":                   {in: []string{"torrent/metainfo"}, why: "names are cleaned and told apart in one place"},

		"github.com/google/go-cmp":        {tests: true, why: testing},
		"github.com/hanwen/go-fuse/v2":    {tests: true, why: testing},
		"github.com/rogpeppe/go-internal": {tests: true, why: testing},
		"pgregory.net/rapid":              {tests: true, why: testing},
	}
}

// topLevel are the files and folders that may lie beside the packages.
func topLevel() []string {
	return []string{"testdata", "docs", "dist", "Dockerfile", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md",
		"Makefile", "go.mod", "go.sum", "main.go", "*_test.go", ".*", "gotor", "gotor.exe", "*.test", "*.prof", "*.out"}
}

func TestArchitecture(t *testing.T) {
	for _, problem := range checkTree(t, os.DirFS(".")) {
		t.Error(problem)
	}
}

// checkTree returns every breach of a rule in a source tree.
func checkTree(t *testing.T, tree fs.FS) []string {
	t.Helper()
	c := &checker{tree: tree, packages: packages(), modules: modules()}
	c.checkTop()
	if err := fs.WalkDir(tree, ".", c.visit); err != nil {
		t.Fatal(err)
	}
	return c.problems
}

type checker struct {
	tree     fs.FS
	packages map[string]pkg
	modules  map[string]module
	problems []string
}

func (c *checker) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

func (c *checker) checkTop() {
	entries, err := fs.ReadDir(c.tree, ".")
	if err != nil {
		c.problem("%v", err)
	}
	for _, e := range entries {
		_, known := c.packages[e.Name()]
		for _, pattern := range topLevel() {
			match, _ := path.Match(pattern, e.Name())
			known = known || match
		}
		if !known {
			c.problem("%s: the top level has the families of packages and the files of every Go project, nothing else", e.Name())
		}
	}
}

// visit checks one file or folder. It does not look into folders that the go
// command ignores.
func (c *checker) visit(name string, e fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	base := path.Base(name)
	if e.IsDir() {
		ignored := base == "testdata" || base == "node_modules" || name == "dist" || base[0] == '_' || base[0] == '.' && base != "."
		if ignored {
			return fs.SkipDir
		}
		if strings.Count(name, "/") > 1 && !strings.HasPrefix(name, "cmd/web/") {
			c.problem("%s: folders are at most two deep", name)
		}
		return nil
	}
	if path.Ext(name) == ".go" {
		c.checkFile(name)
	}
	return nil
}

func (c *checker) checkFile(name string) {
	src, err := fs.ReadFile(c.tree, name)
	if err != nil {
		c.problem("%v", err)
		return
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
	if err != nil {
		c.problem("%v", err)
		return
	}
	dir, test := path.Dir(name), strings.HasSuffix(name, "_test.go")
	if _, known := c.packages[dir]; !known {
		c.problem("%s: %s has no place in the layout: give it one and a rule there first", name, dir)
		return
	}
	for _, spec := range file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		if spec.Name != nil && spec.Name.Name == "." && !test {
			c.problem("%s: must not import %s by a dot: the rules for calls would not see its names", fset.Position(spec.Pos()), imported)
		}
		if why := c.refuse(dir, imported, test); why != "" {
			c.problem("%s: must not import %s: %s", fset.Position(spec.Pos()), imported, why)
		}
	}
	if !test {
		c.checkCalls(fset, file, dir)
	}
}

// refuse returns why a file in dir must not import a package, or "".
func (c *checker) refuse(dir, imported string, test bool) string {
	first, rest, _ := strings.Cut(imported, "/")
	switch {
	case imported == "C":
		return "gotor is one static binary for every system, built without cgo"
	case first == modulePath && test:
		return c.refuseInTest(dir, rest)
	case first == modulePath:
		return c.refuseOwn(dir, rest)
	case strings.Contains(first, "."):
		return c.refuseModule(dir, imported, test)
	}
	if isMachine(dir) && !test && imported != "net/netip" && slices.Contains(noMachine(), first) {
		return machines
	}
	return "" // the rest of the standard library
}

func (c *checker) refuseOwn(dir, imported string) string {
	if imported == "peer/simnet" {
		return "simnet is for tests only"
	}
	if slices.Contains(c.packages[dir].imports, imported) {
		return ""
	}
	return c.packages[dir].why
}

// refuseInTest has the rules that hold in tests too, which may otherwise use
// what they need.
func (c *checker) refuseInTest(dir, imported string) string {
	family := func(p string) string { first, _, _ := strings.Cut(p, "/"); return first }
	from, to := family(dir), family(imported)
	switch {
	case imported == "peer/simnet":
		return ""
	case imported == "torrent" && from != "cmd" && dir != "torrent":
		return "only cmd and cmd/api import torrent: tests of the parts must not need the whole"
	case to == "cmd" && from != "cmd" && dir != ".":
		return "nothing below it knows the command line"
	case from == "tracker" && to == "peer", from == "peer" && to == "tracker":
		return families
	}
	return ""
}

func (c *checker) refuseModule(dir, imported string, test bool) string {
	for name := range c.modules {
		if imported != name && !strings.HasPrefix(imported, name+"/") {
			continue
		}
		m := c.modules[name]
		if m.tests && !test || m.in != nil && !slices.Contains(m.in, dir) {
			return m.why
		}
		return ""
	}
	return "it is not among the chosen dependencies: a new one is argued for first"
}

// checkCalls finds the end of the process outside of main, talk on stdout outside
// of the commands, ways to the network beside the door, and clocks and goroutines in
// machines.
func (c *checker) checkCalls(fset *token.FileSet, file *ast.File, dir string) {
	names := importNames(file)
	ast.Inspect(file, func(n ast.Node) bool {
		what := ""
		switch n := n.(type) {
		case *ast.SelectorExpr:
			what = named(n, names)
		case *ast.CompositeLit:
			what = ownWay(n, names)
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "print" || f.Name == "println") {
				what = f.Name
			}
		case *ast.GoStmt:
			what = "go"
		}
		why := ""
		switch what {
		case "os.Exit", "log.Fatal", "log.Fatalf", "log.Fatalln", "syscall.Exit":
			if dir != "." {
				why = "only main ends the process: deferred clean-up and exit codes go past it"
			}
		case "fmt.Print", "fmt.Printf", "fmt.Println", "os.Stdout", "print", "println":
			if dir != "cmd" {
				why = "stdout carries data, and only a command knows which"
			}
		case "go", "time.Now", "time.Since", "time.Until", "time.Sleep", "time.After", "time.AfterFunc", "time.NewTimer", "time.NewTicker", "time.Tick":
			if isMachine(dir) {
				why = machines
			}
		default:
			if isDoor(what) && dir != "torrent/network" && !(dir == "tracker/lsd" && what == "net.ListenMulticastUDP") {
				why = "torrent/network is the one door: what goes around it knows nothing of family, interface, proxy and address policy"
			}
		}
		if why != "" {
			c.problem("%s: must not use %s: %s", fset.Position(n.Pos()), what, why)
		}
		return true
	})
}

// named is what a selector names, with the path of its package; of a method, whatever
// its value is, the name alone after a dot.
func named(n *ast.SelectorExpr, names map[string]string) string {
	if x, ok := n.X.(*ast.Ident); ok && names[x.Name] != "" {
		return names[x.Name] + "." + n.Sel.Name
	}
	return "." + n.Sel.Name
}

// ownWay is a client or a transport that is not told how to connect, and so would by
// itself; "" for other literals.
func ownWay(n *ast.CompositeLit, names map[string]string) string {
	t, ok := n.Type.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	what := named(t, names)
	key := map[string]string{"net/http.Client": "Transport", "net/http.Transport": "DialContext"}[what]
	told := slices.ContainsFunc(n.Elts, func(e ast.Expr) bool {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			return false
		}
		k, ok := kv.Key.(*ast.Ident)
		return ok && k.Name == key
	})
	if key == "" || told {
		return ""
	}
	return what + " without " + key
}

// isDoor reports whether what of a package connects, listens or looks names up, or
// would do so by itself.
func isDoor(what string) bool {
	switch what {
	case "net.Resolver", "net.DefaultResolver", "net.FileConn", "net.FileListener", "net.FilePacketConn", "crypto/tls.Dial", "crypto/tls.DialWithDialer", "crypto/tls.Dialer", "crypto/tls.Listen",
		"net/http.ProxyFromEnvironment", "net/http.DefaultClient", "net/http.DefaultTransport",
		"net/http.Client without Transport", "net/http.Transport without DialContext", ".ListenAndServe", ".ListenAndServeTLS",
		"syscall.Socket", "syscall.Connect", "golang.org/x/sys/unix.Socket", "golang.org/x/sys/unix.Connect", "golang.org/x/sys/windows.Socket", "golang.org/x/sys/windows.Connect",
		"net/http.Get", "net/http.Head", "net/http.Post", "net/http.PostForm", "net/http.ListenAndServe", "net/http.ListenAndServeTLS":
		return true
	case "net.Listener":
		return false // a type that others may hand about
	}
	for _, prefix := range []string{"net.Dial", "net.Listen", "net.Lookup", "net.Resolve"} {
		if strings.HasPrefix(what, prefix) {
			return true
		}
	}
	return false
}

// importNames maps the names under which a file uses its imports to their
// paths.
func importNames(file *ast.File) map[string]string {
	names := make(map[string]string)
	for _, spec := range file.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		name := path.Base(p)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = p
	}
	return names
}

// The checker can fail: each bad tree is reported with its reason.
func TestArchitectureFindsBreaches(t *testing.T) {
	for _, tt := range []struct{ file, body, want string }{
		{"peer/conn.go", `import _ "gotor/torrent/metainfo"`, "peer/conn.go:2:8: must not import gotor/torrent/metainfo: piece and peer/wire are the only edge"},
		{"piece/piece.go", `import _ "gotor/torrent/metainfo"`, "piece does not know metainfo"},
		{"tracker/http.go", `import _ "gotor/peer/wire"`, "meet only in torrent"},
		{"tracker/http_test.go", `import _ "gotor/peer/wire"`, "meet only in torrent"},
		{"peer/conn_test.go", `import _ "gotor/tracker"`, "meet only in torrent"},
		{"bencode/scan.go", `import _ "gotor/piece"`, "it is a leaf"},
		{"piece/merkle/tree_windows.go", `import _ "gotor/bencode"`, "it is a leaf"},
		{"torrent/torrent.go", `import _ "gotor/cmd/ui"`, "never the command line"},
		{"torrent/torrent_test.go", `import _ "gotor/cmd"`, "nothing below it knows the command line"},
		{"cmd/get.go", `import _ "gotor/piece"`, "what lies below torrent"},
		{"piece/storage/open_test.go", `import _ "gotor/torrent"`, "only cmd and cmd/api import torrent"},
		{"main.go", `import _ "gotor/torrent"`, "main only turns"},
		{"peer/conn.go", `import _ "gotor/peer/simnet"`, "for tests only"},
		{"torrent/bar.go", `import _ "github.com/schollz/progressbar/v3"`, "what people see is made in cmd/ui alone"},
		{"cmd/get.go", `import _ "github.com/schollz/progressbar/v3"`, "what people see is made in cmd/ui alone"},
		{"cmd/get.go", `import _ "golang.org/x/term"`, "what people see is made in cmd/ui alone"},
		{"cmd/ui/bar.go", `import _ "github.com/spf13/cobra"`, "the command line stays in cmd"},
		{"cmd/ui/bar.go", `import _ "gotor/tracker"`, "it shows what it is given"},
		{"cmd/ui/bar.go", `import "os"; var w = os.Stdout`, "only a command knows which"},
		{"cmd/api/api.go", `import _ "github.com/spf13/cobra/doc"`, "the command line stays in cmd"},
		{"tracker/http.go", `import _ "github.com/zeebo/bencode"`, "our bounded scan"},
		{"torrent/torrent.go", `import _ "github.com/stretchr/testify"`, "not among the chosen"},
		{"torrent/torrent_test.go", `import _ "github.com/spf13/cobraX"`, "not among the chosen"},
		{"torrent/torrent.go", `import _ "pgregory.net/rapid"`, "tool of tests"},
		{"peer/utp/sock.go", `import _ "C"`, "without cgo"},
		{"cmd/root.go", `import "os"; func f() { os.Exit(1) }`, "cmd/root.go:2:25: must not use os.Exit: only main"},
		{"cmd/root.go", `import l "log"; var f = l.Fatalf`, "must not use log.Fatalf"},
		{"torrent/run.go", `import "fmt"; func f() { fmt.Println() }`, "must not use fmt.Println: stdout carries data"},
		{"torrent/run.go", `import "os"; var w = os.Stdout`, "must not use os.Stdout"},
		{"torrent/run.go", `func f() { println() }`, "must not use println"},
		{"cmd/job/load.go", `import _ "github.com/spf13/pflag"`, "the command line stays in cmd"},
		{"cmd/job/load.go", `import _ "gotor/cmd/ui"`, "it knows no flags and prints nothing"},
		{"cmd/job/load.go", `import "fmt"; func f() { fmt.Println() }`, "only a command knows which"},
		{"cmd/ui/bar.go", `import _ "gotor/cmd/job"`, "it shows what it is given"},
		{"cmd/api/add.go", `import _ "gotor/cmd/ui"`, "in front of a Session"},
		{"cmd/record/line.go", `import "os"; var w = os.Stdout`, "only a command knows which"},
		{"cmd/record/line.go", `import _ "github.com/spf13/cobra"`, "the command line stays in cmd"},
		{"cmd/record/line.go", `import _ "gotor/cmd/ui"`, "who prints them, and for whom"},
		{"cmd/record/line.go", `import _ "gotor/cmd"`, "who prints them, and for whom"},
		{"torrent/run.go", `import "net"; func f() { net.Dial("tcp", "a:1") }`, "must not use net.Dial: torrent/network is the one door"},
		{"cmd/dht.go", `import "net"; var d net.Dialer`, "must not use net.Dialer: torrent/network is the one door"},
		{"cmd/dht.go", `import "net"; var f = net.ListenUDP`, "must not use net.ListenUDP"},
		{"cmd/dht.go", `import "net"; var l net.ListenConfig`, "must not use net.ListenConfig"},
		{"cmd/dht.go", `import n "net"; var r = n.DefaultResolver`, "must not use net.DefaultResolver"},
		{"cmd/dht.go", `import "net"; var r net.Resolver`, "must not use net.Resolver"},
		{"torrent/run.go", `import "net"; var f = net.LookupHost`, "must not use net.LookupHost"},
		{"torrent/run.go", `import "net"; var f = net.ResolveUDPAddr`, "must not use net.ResolveUDPAddr"},
		{"torrent/run.go", `import "net"; var f = net.ListenMulticastUDP`, "must not use net.ListenMulticastUDP"},
		{"tracker/lsd/listen.go", `import "net"; var f = net.ListenUDP`, "must not use net.ListenUDP"},
		{"peer/webseed/get.go", `import "net/http"; var p = http.ProxyFromEnvironment`, "must not use net/http.ProxyFromEnvironment"},
		{"tracker/http.go", `import "net/http"; var c = http.DefaultClient`, "must not use net/http.DefaultClient"},
		{"tracker/http.go", `import "net/http"; var f = http.Get`, "must not use net/http.Get"},
		{"tracker/http.go", `import "crypto/tls"; var f = tls.Dial`, "must not use crypto/tls.Dial"},
		{"tracker/http.go", `import "net/http"; var c = http.Client{Timeout: 1}`, "must not use net/http.Client without Transport"},
		{"peer/webseed/get.go", `import "net/http"; var t = &http.Transport{Proxy: nil}`, "must not use net/http.Transport without DialContext"},
		{"cmd/tracker.go", `import "net/http"; func f(s *http.Server) { s.ListenAndServe() }`, "must not use .ListenAndServe"},
		{"peer/utp/sock.go", `import "golang.org/x/sys/unix"; var f = unix.Socket`, "must not use golang.org/x/sys/unix.Socket"},
		{"torrent/run.go", `import . "net"; var f = Dial`, "must not import net by a dot"},
		{"torrent/session/entry.go", `import _ "gotor/torrent/metainfo"`, "readable without the engine"},
		{"cmd/daemon/run.go", `import _ "gotor/cmd/api"`, "over which protocol, is not its business"},
		{"cmd/transmission/handler.go", `import _ "gotor/cmd/daemon"`, "in front of the same Session"},
		{"cmd/remote/client.go", `import _ "gotor/torrent"`, "what goes over the wire"},
		{"cmd/serve.go", `import _ "github.com/fsnotify/fsnotify"`, "only the daemon watches folders"},
		{"cmd/daemon/run.go", `import _ "github.com/coreos/go-systemd/v22/daemon"`, "who has started us"},
		{"cmd/remote/client.go", `import _ "github.com/danielgtaylor/huma/v2"`, "only the API serves HTTP"},
		{"torrent/internal/x/x.go", ``, "torrent/internal/x: folders are at most two deep"},
		{"torrent/machines/x.go", ``, "torrent/machines has no place in the layout"},
		{"torrent/swarm/book.go", `import _ "gotor/torrent/network"`, "not who carries out what they say"},
		{"torrent/swarm/book.go", `import _ "gotor/peer/wire"`, "not who carries out what they say"},
		{"torrent/swarm/book.go", `import _ "net"`, "must not import net: machines have no I/O"},
		{"torrent/swarm/book.go", `import _ "net/url"`, "machines have no I/O"},
		{"torrent/swarm/book.go", `import _ "os/signal"`, "machines have no I/O"},
		{"torrent/swarm/book.go", `import _ "sync/atomic"`, "machines have no I/O"},
		{"torrent/swarm/book.go", `import _ "context"`, "machines have no I/O"},
		{"torrent/swarm/book.go", `import "time"; var t = time.Now()`, "must not use time.Now: machines have no I/O"},
		{"torrent/swarm/book.go", `func f() { go f() }`, "must not use go: machines have no I/O"},
		{"util/util.go", ``, "util: the top level has the families"},
		{"notes.txt", ``, "notes.txt: the top level"},
		{"cmd/get.go", `func`, "expected"},
	} {
		src := tt.body
		if path.Ext(tt.file) == ".go" {
			src = "package x\n" + src + "\n"
		}
		problems := checkTree(t, fstest.MapFS{tt.file: {Data: []byte(src)}})
		if !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, tt.want) }) {
			t.Errorf("%s with %q: got %q, want %q", tt.file, tt.body, problems, tt.want)
		}
	}
}

func TestArchitectureAllows(t *testing.T) {
	good := map[string]string{
		"main.go":                       `import ("os"; "gotor/cmd"); func main() { os.Exit(cmd.Main()) }`,
		"cmd/get.go":                    `import ("fmt"; "gotor/torrent"; "github.com/spf13/cobra/doc"); func f() { fmt.Println() }`,
		"cmd/web/src/pages/deep/x.tsx":  ``,
		"cmd/web/node_modules/x/x.go":   `import _ "C"`,
		"torrent/testdata/deep/er/x.go": `import _ "C"`,
		"torrent/torrent.go":            `import ("gotor/peer"; "gotor/tracker"; "golang.org/x/sync/errgroup")`,
		"torrent/swarm/book.go":         `import ("net/netip"; "time"; "gotor/piece"); var a netip.Addr; var d time.Duration`,
		"torrent/swarm/book_test.go":    `import ("os"; "sync"; "gotor/peer/wire"); func f() { go f() }`,
		"torrent/swarm_test.go":         `import ("gotor/peer/simnet"; "fmt"; "pgregory.net/rapid"); func f() { fmt.Println() }`,
		"tracker/udp_test.go":           `import ("net"; _ "gotor/peer/simnet"); var d net.Dialer`,
		"tracker/udp.go":                `import ("net"; "net/http"); var l net.Listener; var c http.Client`,
		"peer/webseed/get.go":           `import "net/http"; var t = http.Transport{DialContext: nil}; var c = http.Client{Transport: &t}`,
		"tracker/lsd/listen.go":         `import "net"; var f = net.ListenMulticastUDP`,
		"torrent/network/system.go":     `import "net"; var d net.Dialer`,
		"piece/piece_test.go":           `import _ "gotor/bencode"`,
		"peer/conn.go":                  `type os struct{ Exit func() }; func f(o os) { o.Exit() }`,
		".ci/run":                       ``,
		"README.md":                     ``,
	}
	tree := make(fstest.MapFS)
	for name, body := range good {
		tree[name] = &fstest.MapFile{Data: []byte("package x\n" + body + "\n")}
	}
	for _, problem := range checkTree(t, tree) {
		t.Error(problem)
	}
}

// The table itself: it names no package twice, only known ones, and no circles.
func TestRulesAreSound(t *testing.T) {
	all := packages()
	depth := make(map[string]int)
	var visit func(name string) int
	visit = func(name string) int {
		if d, seen := depth[name]; seen {
			if d < 0 {
				t.Fatalf("%s imports itself by a circle", name)
			}
			return d
		}
		depth[name] = -1
		deepest := 0
		for _, to := range all[name].imports {
			if _, known := all[to]; !known {
				t.Errorf("%s may import %s, which is no package", name, to)
			}
			deepest = max(deepest, 1+visit(to))
		}
		depth[name] = deepest
		return deepest
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		visit(name)
		if all[name].why == "" {
			t.Errorf("the rule of %s has no reason", name)
		}
	}
	for name, m := range modules() {
		if (m.in != nil || m.tests) && m.why == "" {
			t.Errorf("the rule of %s has no reason", name)
		}
	}
}
