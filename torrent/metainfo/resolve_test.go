package metainfo

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func split(paths ...string) [][]string {
	out := make([][]string, len(paths))
	for i, p := range paths {
		out[i] = strings.Split(p, "/")
	}
	return out
}

func join(paths [][]string) []string {
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = strings.Join(p, "/")
	}
	return out
}

func TestResolve(t *testing.T) {
	tests := []struct {
		name     string
		in, want string
		portable bool
	}{
		{"nothing to do", "a b/c b/d", "a b/c b/d", false},
		{"duplicate", "x.txt x.txt x.txt", "x.txt x.1.txt x.2.txt", false},
		{"duplicate without extension", "x x", "x x.1", false},
		{"duplicate hidden", ".x .x", ".x .x.1", false},
		{"in different folders", "a/x b/x", "a/x b/x", false},
		{"number is taken", "x.txt x.txt x.1.txt", "x.txt x.2.txt x.1.txt", false},
		{"number is a folder", "x x x.1/y", "x x.2 x.1/y", false},
		{"file is a folder", "a a/b", "a.1 a/b", false},
		{"file is a deep folder", "a/b a/b/c a/b/c/d", "a/b.1 a/b/c.1 a/b/c/d", false},
		{"part of another", "a a.part", "a a.1.part", false},
		{"has another as its part", "a.part a", "a.part a.1", false},
		{"part is a folder", "a a.part/x", "a.1 a.part/x", false},
		{"chain of parts", "a a.part a.part.part", "a a.1.part a.part.part", false},
		{"number would be a part", "a a a.1.part", "a a.2 a.1.part", false},
		{"case differs", "a A", "a A.1", true},
		{"case of folders differs", "d/x D/X D/y", "d/x D/X.1 D/y", true},
		{"case of a part", "a A.PART", "a A.1.PART", true},
		{"kelvin sign", "k \u212a", "k \u212a.1", true},
		{"long s", "s \u017f", "s \u017f.1", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			paths := split(strings.Fields(tt.in)...)
			n := resolve(paths, tt.portable)
			got := join(paths)
			if want := strings.Fields(tt.want); !slices.Equal(got, want) {
				t.Errorf("resolve(%s) = %v, want %v", tt.in, got, want)
			}
			changed := 0
			for i, p := range strings.Fields(tt.in) {
				if got[i] != p {
					changed++
				}
			}
			if n != changed {
				t.Errorf("reports %d renamed, %d are", n, changed)
			}
			checkDistinct(t, paths, tt.portable)
		})
	}
}

func TestResolveLongNames(t *testing.T) {
	// The numbers push the names over the limit, and cutting makes different
	// names equal. Like every caller, the test cleans before it resolves: of
	// two names that are too long the same is left.
	stem := strings.Repeat("ö", 122)
	paths := split(stem+"aa.txt", stem+"aa.txt", stem+"ab.txt", stem+"ab.txt", stem+"ab.txt", stem+"abc.txt", stem+"abd.txt", stem)
	for i, p := range paths {
		paths[i] = CleanPath(p, false)
	}
	resolve(paths, false)
	checkDistinct(t, paths, false)
	for _, p := range paths {
		checkName(t, p[0])
		if p[0] != stem && !strings.HasSuffix(p[0], ".txt") {
			t.Errorf("%q has lost its extension", p[0])
		}
	}
}

// Each of these took quadratic time or more in some client, or would have in
// an earlier form of resolve. They are slow enough to time out if one is.
func TestResolveIsLinear(t *testing.T) {
	const n = 200_000
	cases := map[string]func(i int) []string{
		"all the same":      func(int) []string { return []string{"x.txt"} },
		"numbers are taken": func(i int) []string { return []string{fmt.Sprintf("x.%d.txt", i/2)} },
		"half the same": func(i int) []string {
			if i%2 == 0 {
				return []string{"x.txt"}
			}
			return []string{fmt.Sprintf("x.%d.txt", i)}
		},
		"same when cut": func(i int) []string {
			return []string{strings.Repeat("x", 240) + fmt.Sprintf("%06d", i/2)}
		},
		"numbers are folders": func(i int) []string {
			if i%2 == 0 {
				return []string{"x"}
			}
			return []string{fmt.Sprintf("x.%d", i), "y"}
		},
		"deep": func(i int) []string {
			return append(slices.Repeat([]string{"d"}, maxComponents/n-1), "x")
		},
	}
	for name, f := range cases {
		t.Run(name, func(t *testing.T) {
			paths := make([][]string, n)
			for i := range paths {
				paths[i] = f(i)
			}
			resolve(paths, false)
			checkDistinctFast(t, paths)
		})
	}
}

// checkDistinctFast is the part of checkDistinct that large inputs can bear.
func checkDistinctFast(t *testing.T, paths [][]string) {
	t.Helper()
	seen := make(map[string]bool, len(paths))
	for _, p := range paths {
		s := strings.Join(p, "/")
		if seen[s] {
			t.Fatalf("%q is there twice", s)
		}
		seen[s] = true
	}
}

func TestResolveProperties(t *testing.T) {
	component := rapid.SampledFrom([]string{"a", "A", "b", "a.part", "a.1", "a.1.part", "b.txt", "b.1.txt", "b.TXT", "a.part.part", ".x", ".x.1"})
	rapid.Check(t, func(rt *rapid.T) {
		in := rapid.SliceOfN(rapid.SliceOfN(component, 1, 3), 1, 20).Draw(rt, "paths")
		portable := rapid.Bool().Draw(rt, "portable")
		one, two := clone(in), clone(in)
		resolve(one, portable)
		resolve(two, portable)
		if !slices.Equal(join(one), join(two)) {
			rt.Fatalf("two results for one input: %v, %v", one, two)
		}
		checkDistinct(t, one, portable)
		for i, p := range one {
			if !slices.Equal(p[:len(p)-1], in[i][:len(p)-1]) {
				rt.Fatalf("folder of %v changed: %v", in[i], p)
			}
		}
		if n := resolve(one, portable); n != 0 {
			rt.Fatalf("resolved again, %d files are renamed", n)
		}
	})
}

func clone(in [][]string) [][]string {
	out := make([][]string, len(in))
	for i, p := range in {
		out[i] = slices.Clone(p)
	}
	return out
}
