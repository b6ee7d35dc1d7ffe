package network

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fake is a Network that resolves and dials only.
type fake struct {
	Network
	lookUp func(host string) ([]netip.Addr, error)
	dial   func(ctx context.Context, address string) (net.Conn, error)
}

func (f *fake) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	return f.lookUp(host)
}

func (f *fake) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	return f.dial(ctx, address)
}

// TestDialer: the first address that takes it wins, also when another is silent.
func TestDialer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var dialled []string
		d := ByUser("").Through(&fake{
			lookUp: func(string) ([]netip.Addr, error) {
				return ips("2001:db8::1", "198.51.100.1", "198.51.100.2", "198.51.100.3"), nil
			},
			dial: func(ctx context.Context, address string) (net.Conn, error) {
				mu.Lock()
				dialled = append(dialled, address)
				mu.Unlock()
				switch address {
				case "[2001:db8::1]:80": // silent
					<-ctx.Done()
					return nil, ctx.Err()
				case "198.51.100.1:80":
					return nil, errors.New("refused")
				}
				c, _ := net.Pipe()
				return c, nil
			},
		})
		start := time.Now()
		c, err := d.DialContext(t.Context(), "tcp", "name.example:80")
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		if got := time.Since(start); got != headStart {
			t.Errorf("connected after %v", got)
		}
		if want := []string{"[2001:db8::1]:80", "198.51.100.1:80", "198.51.100.2:80"}; !slices.Equal(dialled, want) {
			t.Errorf("dialled %q", dialled)
		}
		if _, err := d.DialContext(t.Context(), "tcp", "name.example:http"); err == nil {
			t.Error("a named port was accepted")
		}
		if _, err := d.DialContext(t.Context(), "tcp6", "198.51.100.1:80"); err == nil {
			t.Error("an address of the other family was accepted")
		}
	})
}

// A name that leads to many addresses makes us knock at a few of them.
func TestDialerBound(t *testing.T) {
	var mu sync.Mutex
	tries := 0
	many := make([]netip.Addr, 100)
	for i := range many {
		many[i] = netip.AddrFrom4([4]byte{198, 51, 100, byte(i)})
	}
	d := ByUser("").Through(&fake{
		lookUp: func(string) ([]netip.Addr, error) { return many, nil },
		dial: func(context.Context, string) (net.Conn, error) {
			mu.Lock()
			defer mu.Unlock()
			tries++
			return nil, errors.New("refused")
		},
	})
	if _, err := d.DialContext(t.Context(), "tcp", "name.example:80"); err == nil || tries != maxAddrs {
		t.Errorf("%d addresses were tried, want %d: %v", tries, maxAddrs, err)
	}
}
