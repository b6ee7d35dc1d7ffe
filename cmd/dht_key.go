package cmd

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strings"

	"gotor/cmd/job"
	"gotor/cmd/record"
)

// keyFileMost is more than a key file has: 64 digits and an end of line.
const keyFileMost = 1024

// loadKey reads a private key: a file with 32 bytes (the seed of RFC 8032) as
// hexadecimal digits.
func loadKey(file string) (ed25519.PrivateKey, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, job.ReadError(file, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, keyFileMost+1)) // a device has no size
	if err != nil {
		return nil, job.ReadError(file, err)
	}
	if len(b) > keyFileMost {
		return nil, notKey(file)
	}
	seed, err := hex.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, notKey(file)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// notKey does not quote what is in the file, which may be a key of another kind.
func notKey(file string) error {
	return record.Usagef("%s is no private key: it must hold 64 hexadecimal digits, as --new-key writes them", file)
}

// newKey makes a private key and writes it to a new file that only its owner may
// read.
func newKey(file string) (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil, record.Errorf(record.ExitFile, "%s is there already, and a key is never overwritten: use it with --key, or choose another name", file)
	}
	if err != nil {
		return nil, job.FileError("write", file, err)
	}
	_, err = f.WriteString(hex.EncodeToString(key.Seed()) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(file)
		return nil, job.FileError("write", file, err)
	}
	return key, nil
}
