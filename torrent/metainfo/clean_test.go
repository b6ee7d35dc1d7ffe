package metainfo

import (
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestCleanName(t *testing.T) {
	long := strings.Repeat("a", 300)
	tests := []struct{ name, in, want string }{
		{"plain", "file.txt", "file.txt"},
		{"spaces stay", " a b ", " a b "},
		{"accents stay", "Grüße – 日本語.mkv", "Grüße – 日本語.mkv"},
		{"dots inside stay", "a..b...c", "a..b...c"},
		{"hidden stays", ".hidden", ".hidden"},
		{"three dots stay", "...", "..."},
		{"empty", "", "_"},
		{"dot", ".", "_"},
		{"dotdot", "..", "_"},
		{"slash", "../a/b", ".._a_b"},
		{"backslash", `C:\a`, "C:_a"},
		{"nul", "a\x00", "a_"},
		{"c0", "a\x1b[1mb\n\t\r", "a_[1mb___"},
		{"del", "a\x7fb", "a_b"},
		{"c1", "a\u009bb\u0085", "a_b_"},
		{"bidi override", "a\u202egpj.exe", "a_gpj.exe"},
		{"bidi isolate", "a\u2066b\u2069", "a_b_"},
		{"zero width", "a\u200bb\ufeff", "a_b_"},
		{"soft hyphen", "a\u00adb", "a_b"},
		{"line separator", "a\u2028b\u2029", "a_b_"},
		{"tags", "a\U000e0041", "a_"},
		{"invalid run", "a\xff\xfe\xfdb", "a_b"},
		{"overlong dot", "\xc0\xae\xc0\xae", "_"},
		{"overlong slash", "a\xc0\xafb", "a_b"},
		{"surrogate", "a\xed\xa0\x80b", "a_b"},
		{"cut", long, long[:250]},
		{"cut keeps extension", long + ".tar.gz", long[:247] + ".gz"},
		{"cut through a long extension", "a." + long, ("a." + long)[:250]},
		{"cut on a character", strings.Repeat("é", 130) + ".txt", strings.Repeat("é", 123) + ".txt"},
		{"cut of 4-byte characters", strings.Repeat("😀", 100), strings.Repeat("😀", 62)},
		{"250 bytes stay", long[:250], long[:250]},
		{"record", ".a.gotor", "_a.gotor"},
		{"metainfo", ".a.gotor.torrent", "_a.gotor.torrent"},
		{"side file", ".a.gotor.parts", "_a.gotor.parts"},
		{"lock in capitals", ".A.GOTOR.LOCK", "_A.GOTOR.LOCK"},
		{"temporary record", ".a.gotor.123456.tmp", "_a.gotor.123456.tmp"},
		{"no name", ".gotor", "_gotor"},
		{"not hidden", "a.gotor", "a.gotor"},
		{"not ours", ".gotorrc", ".gotorrc"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if runtime.GOOS == "windows" && CleanName(tt.want, true) != tt.want {
				t.Skip("Windows cannot have this name")
			}
			got := CleanName(tt.in, false)
			if got != tt.want {
				t.Errorf("CleanName(%q) = %q, want %q", tt.in, got, tt.want)
			}
			checkName(t, got)
		})
	}
}

func TestCleanNamePortable(t *testing.T) {
	tests := []struct{ in, want string }{
		{"a:b*c?.txt", "a_b_c_.txt"},
		{`<a>|"b"`, "_a___b_"},
		{"file.txt:stream", "file.txt_stream"},
		{"trailing.", "trailing"},
		{"trailing . ", "trailing"},
		{"...", "_"},
		{" ", "_"},
		{"con", "_con"},
		{"CON.txt", "_CON.txt"},
		{"nul.tar.gz", "_nul.tar.gz"},
		{"aux .txt", "_aux .txt"},
		{"COM1", "_COM1"},
		{"lpt9.log", "_lpt9.log"},
		{"com¹", "_com¹"},
		{"conin$", "_conin$"},
		{"com", "com"},
		{"com10", "com10"},
		{"console", "console"},
		{"con" + strings.Repeat(" ", 300) + "x", "_con"},
		{"normal.txt", "normal.txt"},
		{strings.Repeat("é", 130) + ".txt", strings.Repeat("é", 62) + ".txt"}, // some disks take 143 bytes
	}
	for _, tt := range tests {
		got := CleanName(tt.in, true)
		if got != tt.want {
			t.Errorf("CleanName(%q, portable) = %q, want %q", tt.in, got, tt.want)
		}
		if again := CleanName(got, true); again != got {
			t.Errorf("cleaned again, %q becomes %q", got, again)
		}
	}
}

func TestCleanPath(t *testing.T) {
	tests := []struct{ in, want []string }{
		{[]string{"a", "b"}, []string{"a", "b"}},
		{[]string{"..", "..", "etc"}, []string{"_", "_", "etc"}},
		{[]string{"", "a", ".", "", "b"}, []string{"a", "b"}},
		{[]string{"."}, []string{"_"}},
		{[]string{""}, []string{"_"}},
		{nil, []string{"_"}},
		{[]string{"/", "etc"}, []string{"_", "etc"}},
		{[]string{"a/../../b"}, []string{"a_.._.._b"}},
	}
	for _, tt := range tests {
		if got := CleanPath(tt.in, false); !slices.Equal(got, tt.want) {
			t.Errorf("CleanPath(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestCleanNameDoesNotAllocateForCleanNames(t *testing.T) {
	for _, s := range []string{"a plain name.txt", "Grüße.txt", ".hidden"} {
		if n := testing.AllocsPerRun(100, func() { CleanName(s, false) }); s[0] != '.' && n != 0 {
			t.Errorf("CleanName(%q): %v allocations", s, n)
		}
	}
}
