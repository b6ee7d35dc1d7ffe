package torrent

import (
	"testing"
	"testing/fstest"
)

func TestCgroupLimit(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"none":         {nil, 0},
		"unlimited":    {map[string]string{"sys/fs/cgroup/memory.max": "max\n"}, 0},
		"container":    {map[string]string{"sys/fs/cgroup/memory.max": "268435456\n", "proc/self/cgroup": "0::/\n"}, 256 << 20},
		"version 1":    {map[string]string{"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n", "sys/fs/cgroup/memory/job/memory.limit_in_bytes": "1048576\n", "proc/self/cgroup": "5:cpu:/x\n4:memory:/job\n"}, 1 << 20},
		"slice":        {map[string]string{"sys/fs/cgroup/a.slice/memory.max": "100000000", "sys/fs/cgroup/a.slice/b.service/memory.max": "max", "proc/self/cgroup": "0::/a.slice/b.service\n"}, 100_000_000},
		"nonsense":     {map[string]string{"sys/fs/cgroup/memory.max": "-5", "proc/self/cgroup": "0::/../../etc\nx\n"}, 0},
		"lowest of it": {map[string]string{"sys/fs/cgroup/memory.max": "500", "sys/fs/cgroup/a/memory.max": "400", "sys/fs/cgroup/a/b/memory.max": "700", "proc/self/cgroup": "0::/a/b"}, 400},
	} {
		system := fstest.MapFS{}
		for file, content := range c.files {
			system[file] = &fstest.MapFile{Data: []byte(content)}
		}
		if got := cgroupLimitIn(system); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	if got := budget(1 << 10); got != 4*16<<10 {
		t.Errorf("the least budget is %d", got)
	}
}
