package api

import (
	"math"
	"strconv"
	"strings"

	"gotor/cmd/record"
)

// No library is used for metrics: one reads files of /proc and /sys in its package's
// init, which every start of gotor would pay for, and keeps its settings in globals.
// What it would do for us is in this file.

// exposition is a page in the text format of Prometheus (0.0.4).
type exposition struct {
	text []byte
	name string // of the family that samples belong to
}

// The kinds of families.
const (
	isGauge     = "gauge"
	isCounter   = "counter"
	isHistogram = "histogram"
)

// family begins one. help is a line.
func (e *exposition) family(kind, name, help string) {
	e.name = name
	e.text = append(e.text, "# HELP "+name+" "+help+"\n# TYPE "+name+" "+kind+"\n"...)
}

// sample adds a value; labels are pairs of a name and a value.
func (e *exposition) sample(value float64, labels ...string) { e.write("", value, labels...) }

// one is a family of one sample.
func (e *exposition) one(kind, name, help string, value float64) {
	e.family(kind, name, help)
	e.sample(value)
}

// histogram adds the samples of one.
func (e *exposition) histogram(h *record.Histogram, labels ...string) {
	labels = labels[:len(labels):len(labels)]
	total := uint64(0)
	for i, n := range h.Counts {
		total += n
		bound := math.Inf(1)
		if i < len(h.Bounds) {
			bound = h.Bounds[i]
		}
		e.write("_bucket", float64(total), append(labels, "le", number(bound))...)
	}
	e.write("_sum", h.Sum, labels...)
	e.write("_count", float64(total), labels...)
}

// write adds a line; suffix is what a histogram puts behind the name of its family.
func (e *exposition) write(suffix string, value float64, labels ...string) {
	e.text = append(append(e.text, e.name...), suffix...)
	for i := 0; i+1 < len(labels); i += 2 {
		sep := byte(',')
		if i == 0 {
			sep = '{'
		}
		e.text = append(append(append(e.text, sep), labels[i]...), `="`...)
		e.text = append(append(e.text, labelValue(labels[i+1])...), '"')
	}
	if len(labels) > 0 {
		e.text = append(e.text, '}')
	}
	e.text = append(append(append(e.text, ' '), number(value)...), '\n')
}

// labelValue escapes a value, which may have come from a stranger.
func labelValue(s string) string {
	s = record.Safe(s)
	if !strings.ContainsAny(s, "\\\"") {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `"`, `\"`)
}

// number writes a value as short as it can be read back.
func number(v float64) string {
	if math.IsInf(v, 1) {
		return "+Inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
