//go:build interop && linux

package cmd_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

// testHome runs what anybody may run anywhere, the scripts and the demo, on a
// host that has neighbours, a way out and a name server, and catches what leaves
// it: nothing must.
func testHome(t *testing.T, l *lab) {
	self, err := os.Executable()
	must(t, err)
	demo := filepath.Join(t.TempDir(), "demo")
	run(t, "go", "build", "-o", demo, "../testdata/demo")
	for name, argv := range map[string][]string{
		"scripts": {self, "-test.run=^TestScripts$"},
		"demo":    {demo, "-gotor", l.gotor, "-size", "8000000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNet(t)
			out, h := n.station(t), n.station(t)
			h.routeAll(t, out)
			tr := h.trap(t)
			dir, err := os.Getwd() // the scripts lie below
			must(t, err)
			c := h.command(dir, argv...)
			c.Env = append(c.Env, "HOME="+t.TempDir())
			if code := startProc(t, name, c).wait(t); code != 0 {
				t.Errorf("exit code %d", code)
			}
			tr.close()
			for _, p := range tr.caught(0) {
				if p.strange(map[netip.Addr]bool{h.ip: true, h.ip6: true}) {
					t.Errorf("sent: %v", p)
				}
			}
		})
	}
}
