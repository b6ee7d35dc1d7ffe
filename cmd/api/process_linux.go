package api

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// exposeProcess writes figures of the process as the kernel has them, under the names
// that they have everywhere. What cannot be read is left out.
func exposeProcess(e *exposition) {
	const userTicks = 100 // of /proc, whatever the kernel's own are
	if f := procStat("/proc/self/stat"); f != nil {
		e.one(isCounter, "process_cpu_seconds_total", "CPU time, user and system.", (f(14)+f(15))/userTicks)
		e.one(isGauge, "process_virtual_memory_bytes", "Address space.", f(23))
		e.one(isGauge, "process_resident_memory_bytes", "Memory that is in use.", f(24)*float64(os.Getpagesize()))
	}
	if d, err := os.Open("/proc/self/fd"); err == nil {
		names, _ := d.Readdirnames(-1)
		d.Close()
		e.one(isGauge, "process_open_fds", "Open descriptors.", float64(max(0, len(names)-1))) // one was ours
	}
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		e.one(isGauge, "process_max_fds", "Descriptors that there may be.", float64(limit.Cur))
	}
}

// procStat gives the fields of a stat file by their numbers in proc(5); nil: it cannot
// be read. The name of the program, which may have anything in it, ends at the last
// bracket.
func procStat(path string) func(n int) float64 {
	b, err := os.ReadFile(path)
	i := strings.LastIndexByte(string(b), ')')
	if err != nil || i < 0 {
		return nil
	}
	fields := strings.Fields(string(b[i+1:])) // the first is number 3
	return func(n int) float64 {
		if n-3 >= len(fields) {
			return 0
		}
		v, _ := strconv.ParseFloat(fields[n-3], 64)
		return v
	}
}
