package cmd

import (
	"strings"
	"testing"

	"gotor/cmd/record"
)

// TestShowHidesSecrets: what show prints for people has no keys in it.
func TestShowHidesSecrets(t *testing.T) {
	const key = "550e8400-e29b-41d4-a716-446655440000"
	link := "magnet:?xt=urn:btih:" + strings.Repeat("0a", 20) + "&tr=http%3A%2F%2Ft.example%2F" + key + "%2Fannounce&ws=http%3A%2F%2Fme%3Apw@w.example%2Fx"
	f := newFake("")
	if code := f.gotor(t, "show", "--offline", link); code != record.ExitOK {
		t.Fatalf("exit code %d, %s", code, f.stderr.String())
	}
	out := f.stdout.String()
	if strings.Contains(out, key) || strings.Contains(out, "pw") || !strings.Contains(out, "http://t.example/***/announce") {
		t.Errorf("show prints %s", out)
	}
}
