package cmd

import (
	"errors"
	"strconv"
	"time"

	"gotor/cmd/ui"
)

// sizeValue is a flag in bytes, written like 64MiB or 1.5G; see ui.ParseSize.
type sizeValue int64

func (v *sizeValue) Set(s string) error {
	n, err := ui.ParseSize(s)
	*v = sizeValue(n)
	return err
}

// String writes the size so that Set reads the same one.
func (v *sizeValue) String() string {
	n := int64(*v)
	for _, u := range []struct {
		size int64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= u.size && n%u.size == 0 {
			return strconv.FormatInt(n/u.size, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

func (*sizeValue) Type() string { return "SIZE" }

// rateValue is a flag in bytes per second, written like 500K, 1.5M or 10Mbit; see
// ui.ParseRate. 0 is no limit.
type rateValue int64

func (v *rateValue) Set(s string) error {
	n, err := ui.ParseRate(s)
	*v = rateValue(n)
	return err
}

// String writes the rate so that Set reads the same one.
func (v *rateValue) String() string { return (*sizeValue)(v).String() }

func (*rateValue) Type() string { return "RATE" }

// timeValue is a flag that limits a time span; 0 means no limit. Whether it was
// given is told apart, because the default depends on the terminal.
type timeValue struct {
	d   time.Duration
	set bool
}

func (v *timeValue) Set(s string) error {
	d, err := ui.ParseDuration(s)
	v.d, v.set = d, true
	return err
}

func (v *timeValue) String() string {
	if !v.set {
		return ""
	}
	return v.d.String()
}

func (*timeValue) Type() string { return "TIME" }

// or is the limit, or the default if none was given.
func (v *timeValue) or(def time.Duration) time.Duration {
	if v.set {
		return v.d
	}
	return def
}

// portValue is a port to listen on: "auto" (0), "none" (-1) or a number.
type portValue int

var errPort = errors.New("not a port; write a number from 1 to 65535, auto or none")

func (v *portValue) Set(s string) error {
	switch s {
	case "auto":
		*v = 0
		return nil
	case "none":
		*v = -1
		return nil
	}
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return errPort
	}
	*v = portValue(n)
	return nil
}

func (v *portValue) String() string {
	switch *v {
	case 0:
		return "auto"
	case -1:
		return "none"
	}
	return strconv.Itoa(int(*v))
}

func (*portValue) Type() string { return "PORT" }
