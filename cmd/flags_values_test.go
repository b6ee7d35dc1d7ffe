package cmd

import (
	"testing"
	"time"

	"github.com/spf13/pflag"

	"gotor/cmd/ui"
)

// What a flag prints as its value is a value that it reads.
func TestFlagValuesRoundTrip(t *testing.T) {
	for _, c := range []struct {
		make     func() pflag.Value
		in, want string
	}{
		{func() pflag.Value { return new(sizeValue) }, "0", "0"},
		{func() pflag.Value { return new(sizeValue) }, "1000", "1000"},
		{func() pflag.Value { return new(sizeValue) }, "64M", "64MiB"},
		{func() pflag.Value { return new(sizeValue) }, "1536", "1536"},
		{func() pflag.Value { return new(sizeValue) }, "2G", "2GiB"},
		{func() pflag.Value { return new(sizeValue) }, "3K", "3KiB"},
		{func() pflag.Value { return new(timeValue) }, "90", "1m30s"},
		{func() pflag.Value { return new(timeValue) }, "0", "0s"},
		{func() pflag.Value { return new(portValue) }, "auto", "auto"},
		{func() pflag.Value { return new(portValue) }, "none", "none"},
		{func() pflag.Value { return new(portValue) }, "6881", "6881"},
		{func() pflag.Value { return new(ui.Mode) }, "json", "json"},
	} {
		v := c.make()
		if err := v.Set(c.in); err != nil {
			t.Errorf("Set(%q): %v", c.in, err)
			continue
		}
		if v.String() != c.want || v.Type() == "" {
			t.Errorf("Set(%q) prints as %q, want %q", c.in, v.String(), c.want)
		}
		again := c.make()
		if err := again.Set(v.String()); err != nil || again.String() != v.String() {
			t.Errorf("%q is not read back: %v, %q", v.String(), err, again.String())
		}
	}
}

// A value that is refused leaves the one before, as the message says what was
// wrong and the command does not run.
func TestFlagValuesRefuse(t *testing.T) {
	for _, c := range []struct {
		v  pflag.Value
		in string
	}{
		{new(sizeValue), "much"}, {new(sizeValue), ""}, {new(timeValue), "soon"}, {new(timeValue), "-1"},
		{new(portValue), "0"}, {new(portValue), "70000"}, {new(portValue), "http"}, {new(ui.Mode), "loud"}, {new(ui.Mode), ""},
	} {
		if err := c.v.Set(c.in); err == nil {
			t.Errorf("%s takes %q as %q", c.v.Type(), c.in, c.v)
		}
	}
}

func TestTimeValueKnowsWhetherItWasGiven(t *testing.T) {
	var v timeValue
	if v.or(time.Minute) != time.Minute || v.String() != "" {
		t.Errorf("not given: %v, %q", v.or(time.Minute), v.String())
	}
	if err := v.Set("0"); err != nil || v.or(time.Minute) != 0 {
		t.Errorf("0 is no limit: %v, %v", err, v.or(time.Minute))
	}
}
