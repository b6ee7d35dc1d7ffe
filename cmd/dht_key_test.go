package cmd

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzKeyFile reads whatever a key file holds: a key, or an error that does not
// quote what may be one.
func FuzzKeyFile(f *testing.F) {
	const digits = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
	for _, s := range []string{digits, digits + "\n", "  " + strings.ToUpper(digits) + "\r\n", digits[:62], digits + digits, "0x" + digits,
		"-----BEGIN PRIVATE KEY-----\n", "", strings.Repeat(" ", keyFileMost) + digits} {
		f.Add([]byte(s))
	}
	file := filepath.Join(f.TempDir(), "key")
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		key, err := loadKey(file)
		text := strings.TrimSpace(string(b))
		switch {
		case err == nil && !strings.EqualFold(hex.EncodeToString(key.Seed()), text):
			t.Errorf("%q is read as %x", b, key.Seed())
		case err != nil && len(text) == len(digits) && len(b) <= keyFileMost && strings.Trim(strings.ToLower(text), "0123456789abcdef") == "":
			t.Errorf("%q: %v", b, err)
		case err != nil && len(text) > 20 && strings.Contains(err.Error(), text[:20]):
			t.Errorf("the error quotes the file: %v", err)
		}
	})
}

// What has no end is no key.
func TestKeyFromDevice(t *testing.T) {
	if _, err := os.Stat("/dev/zero"); err != nil {
		t.Skip(err)
	}
	if _, err := loadKey("/dev/zero"); err == nil {
		t.Error("/dev/zero is a key")
	}
}
