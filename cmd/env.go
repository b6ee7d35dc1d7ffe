package cmd

import (
	"errors"
	"strings"

	"github.com/spf13/pflag"

	"gotor/cmd/record"
)

// envName is the environment variable that stands for a flag: --max-down is
// GOTOR_MAX_DOWN. Names that begin with GOTOR_HOOK_ are those for --exec; no flag
// may begin with hook-.
func envName(flag string) string {
	return "GOTOR_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// applyEnv sets each flag that was not given on the command line from its
// environment variable. An empty variable counts as unset. A flag that may be
// repeated takes one value per line.
func applyEnv(flags *pflag.FlagSet, getenv func(string) (string, bool)) error {
	var errs []error
	// All are looked at, and the first error in the order of names is told, so that it is
	// the same in each run.
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed || f.Name == "help" || f.Name == "version" {
			return
		}
		text, ok := getenv(envName(f.Name))
		if !ok || text == "" {
			return
		}
		// A line each: a value may hold commas and blanks, a variable no list.
		values := []string{text}
		if _, many := f.Value.(pflag.SliceValue); many {
			values = strings.Split(strings.TrimRight(text, "\r\n"), "\n")
		}
		for _, v := range values {
			if err := flags.Set(f.Name, strings.TrimRight(v, "\r")); err != nil {
				errs = append(errs, envError(f.Name, v, err))
				return
			}
		}
		mark(f, "environment", envName(f.Name))
	})
	if len(errs) > 0 {
		return errs[0]
	}
	return nil
}

// envError says what is wrong with a variable, without its value if that is a
// secret.
func envError(flag, value string, err error) error {
	if secretFlag(flag) {
		return record.Usagef("environment variable %s cannot be used", envName(flag))
	}
	return record.Usagef("environment variable %s: %q is %v", envName(flag), value, valueError(err))
}

// valueError is the reason in pflag's complaint about a value, which otherwise
// speaks of a flag that nobody has given.
func valueError(err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		err = invalid.Unwrap()
	}
	if strings.Contains(err.Error(), "strconv.ParseBool") {
		return errors.New("neither true nor false")
	}
	if strings.Contains(err.Error(), "strconv.") {
		return errors.New("not a number")
	}
	return err
}
