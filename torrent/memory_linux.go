package torrent

import (
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
)

// cgroupLimit is the memory limit of the control group we run in, in bytes, or
// 0 when there is none.
func cgroupLimit() int64 { return cgroupLimitIn(os.DirFS("/")) }

// cgroupLimitIn is the lowest limit on the way from our control group up to the
// root, of either version. In a container the root is our own group.
func cgroupLimitIn(system fs.FS) (limit int64) {
	b, _ := fs.ReadFile(system, "proc/self/cgroup")
	lower := func(file string) {
		b, err := fs.ReadFile(system, file)
		if err != nil {
			return
		}
		// "max", or close to 2^63 in version 1, means no limit.
		n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
		if err == nil && n > 0 && n < 1<<50 && (limit == 0 || n < limit) {
			limit = n
		}
	}
	lower("sys/fs/cgroup/memory.max")
	lower("sys/fs/cgroup/memory/memory.limit_in_bytes")
	for line := range strings.Lines(string(b)) { // "0::/path", or "4:memory:/path"
		part := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(part) != 3 || part[1] != "" && part[1] != "memory" {
			continue
		}
		for p := path.Clean("/" + part[2]); p != "/"; p = path.Dir(p) {
			if part[1] == "" {
				lower("sys/fs/cgroup" + p + "/memory.max")
			} else {
				lower("sys/fs/cgroup/memory" + p + "/memory.limit_in_bytes")
			}
		}
	}
	return limit
}
