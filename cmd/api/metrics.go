package api

import (
	"maps"
	"net/http"
	"runtime"
	"runtime/metrics"
	"slices"

	"gotor/cmd/record"
)

// metrics answers a monitoring system, in the text format of Prometheus.
func (s *Server) metrics(w http.ResponseWriter, _ *http.Request) {
	e := &exposition{text: make([]byte, 0, 16<<10)}
	e.family(isGauge, "gotor_build_info", "The program that runs.")
	e.sample(1, "version", s.c.Version, "goversion", runtime.Version())
	// Asked once: figures that belong together are of one moment.
	stats := s.session.Stats()
	exposeStats(e, &stats)
	exposeTransfer(e, s.session.Metrics())
	e.one(isGauge, "gotor_events_subscribers", "Programs that follow the events.", float64(s.streams.Count()))
	s.requests.expose(e)
	if s.c.MetricsTorrents {
		exposeTorrents(e, s.session.List().Torrents)
	}
	exposeRuntime(e)
	e.one(isGauge, "process_start_time_seconds", "When the daemon began, in seconds since 1970.", float64(stats.Started.UnixMilli())/1000)
	exposeProcess(e)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write(e.text) // nobody to tell
}

// exposeStats writes how things stand.
func exposeStats(e *exposition, s *record.Stats) {
	e.family(isGauge, "gotor_torrents", "Torrents in a state.")
	// States that no torrent is in are 0: a series that comes and goes cannot be added up.
	for _, state := range record.States() {
		e.sample(float64(s.Torrents[state]), "state", state)
	}
	e.family(isGauge, "gotor_disk_free_bytes", "Room on the disk of a root.")
	for _, d := range s.Disks {
		if d.Free != nil {
			e.sample(float64(*d.Free), "dir", d.Dir)
		}
	}
	e.one(isGauge, "gotor_announce_queue", "Announces that wait for their turn.", float64(s.Announces))
	e.one(isGauge, "gotor_open_files", "Files of torrents that are open.", float64(s.OpenFiles))
	e.one(isGauge, "gotor_buffer_bytes", "Payload in memory.", float64(s.Buffers))
	e.one(isGauge, "gotor_buffer_limit_bytes", "Payload that there may be in memory.", float64(s.BufferLimit))
	e.family(isGauge, "gotor_rate_limit_bytes_per_second", "Limit of all torrents that holds now; 0: none.")
	e.sample(float64(s.Limits.MaxDown), "direction", "down")
	e.sample(float64(s.Limits.MaxUp), "direction", "up")
}

// exposeTransfer writes what was done since the start.
func exposeTransfer(e *exposition, m record.Metrics) {
	e.family(isGauge, "gotor_peers", "Connections with peers.")
	for _, p := range m.Peers {
		e.sample(float64(p.Count), "transport", p.Transport, "encryption", p.Encryption, "direction", p.Direction)
	}
	e.family(isCounter, "gotor_payload_received_bytes_total", "Payload that came.")
	e.sample(float64(m.ReceivedPeers), "source", "peer")
	e.sample(float64(m.ReceivedWeb), "source", "web")
	e.one(isCounter, "gotor_payload_sent_bytes_total", "Payload that was sent.", float64(m.Sent))
	e.family(isCounter, "gotor_wasted_bytes_total", "Payload that came for nothing.")
	for _, reason := range slices.Sorted(maps.Keys(m.Wasted)) {
		e.sample(float64(m.Wasted[reason]), "reason", reason)
	}
	e.one(isCounter, "gotor_verified_bytes_total", "Payload in pieces whose hash was right.", float64(m.Verified))
	e.one(isCounter, "gotor_pieces_failed_total", "Copies of pieces whose hash was wrong.", float64(m.PiecesFailed))
	e.tally("gotor_announces_total", "Announces to trackers.", m.Announces)
	e.tally("gotor_dials_total", "Connections that were tried.", m.Dials)
	// Without a DHT there are no nodes to count, which is not the same as 0 of them.
	if m.DHTNodes != nil {
		e.family(isGauge, "gotor_dht_nodes", "Good nodes in the table of the DHT.")
		for _, family := range slices.Sorted(maps.Keys(m.DHTNodes)) {
			e.sample(float64(m.DHTNodes[family]), "family", family)
		}
	}
	e.one(isCounter, "gotor_journal_syncs_total", "Writes of state that were waited for.", float64(m.JournalSyncs))
	if m.JournalSyncSeconds != nil {
		e.family(isHistogram, "gotor_journal_sync_seconds", "Time that such a write took.")
		e.histogram(m.JournalSyncSeconds)
	}
}

// tally writes what may go wrong.
func (e *exposition) tally(name, help string, t record.Tally) {
	e.family(isCounter, name, help)
	e.sample(float64(t.OK), "result", "ok")
	e.sample(float64(t.Failed), "result", "failed")
}

// exposeTorrents writes series for each torrent, of which there may be thousands.
func exposeTorrents(e *exposition, ts []*record.Torrent) {
	for _, f := range []struct {
		name, help string
		value      func(*record.Torrent) int64
	}{
		{"gotor_torrent_size_bytes", "Bytes of all files of a torrent.", func(t *record.Torrent) int64 { return t.Size }},
		{"gotor_torrent_verified_bytes", "Bytes of the selected files in verified pieces.", func(t *record.Torrent) int64 { return t.Verified }},
		{"gotor_torrent_sent_bytes", "Payload sent, in all runs.", func(t *record.Torrent) int64 { return t.Uploaded }},
		{"gotor_torrent_received_bytes", "Payload received, in all runs.", func(t *record.Torrent) int64 { return t.Downloaded }},
		{"gotor_torrent_peers", "Connections with peers.", func(t *record.Torrent) int64 { return int64(t.Peers) }},
	} {
		e.family(isGauge, f.name, f.help)
		for _, t := range ts {
			e.sample(float64(f.value(t)), "hash", t.ID, "name", t.Name)
		}
	}
}

// exposeRuntime writes figures of Go's runtime, under the names that they have
// everywhere.
func exposeRuntime(e *exposition) {
	list := []struct{ kind, name, help, of string }{
		{isGauge, "go_goroutines", "Goroutines.", "/sched/goroutines:goroutines"},
		{isGauge, "go_sched_gomaxprocs_threads", "Threads that may run Go code at a time.", "/sched/gomaxprocs:threads"},
		{isGauge, "go_memstats_heap_objects", "Objects on the heap.", "/gc/heap/objects:objects"},
		{isGauge, "go_memstats_alloc_bytes", "Bytes of objects on the heap.", "/memory/classes/heap/objects:bytes"},
		{isGauge, "go_memstats_sys_bytes", "Bytes that the runtime has from the system.", "/memory/classes/total:bytes"},
		{isCounter, "go_memstats_alloc_bytes_total", "Bytes that were allocated.", "/gc/heap/allocs:bytes"},
		{isCounter, "go_gc_cycles_total", "Garbage collections.", "/gc/cycles/total:gc-cycles"},
		{isCounter, "go_cpu_gc_seconds_total", "CPU time spent on collecting garbage.", "/cpu/classes/gc/total:cpu-seconds"},
	}
	// One read for all, so that they belong together; it does not stop the program, as
	// runtime.ReadMemStats would.
	samples := make([]metrics.Sample, len(list))
	for i := range list {
		samples[i].Name = list[i].of
	}
	metrics.Read(samples)
	e.family(isGauge, "go_info", "The version of Go.")
	e.sample(1, "version", runtime.Version())
	for i, f := range list {
		switch v := samples[i].Value; v.Kind() {
		case metrics.KindUint64:
			e.one(f.kind, f.name, f.help, float64(v.Uint64()))
		case metrics.KindFloat64:
			e.one(f.kind, f.name, f.help, v.Float64())
		}
	}
}
