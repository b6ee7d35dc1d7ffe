package session

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Slot is a part of each week in which other limits hold, as a user writes it.
type Slot struct {
	Days     string // such as mon-fri or sat,sun; empty: all
	From, To string // HH:MM, 24:00 for an end; To not after From: on the next day
	Rates    Rates
}

// Schedule are limits by the time of the week. The zero value has none. It is immutable.
type Schedule struct{ slots []slot }

// slot is a Slot of one day or more, in minutes by the clock on the wall.
type slot struct {
	days         [7]bool // on which it begins, Sunday first
	from, length int     // minutes; length is 1 to a day
	rates        Rates
}

const (
	maxSlots  = 100
	dayLong   = 24 * 60
	weekLong  = 7 * dayLong
	lookAhead = 9 // days in which the next change is looked for
)

// ParseSchedule takes at most 100 slots, of which the last that fits a moment wins.
func ParseSchedule(slots []Slot) (Schedule, error) {
	if len(slots) > maxSlots {
		return Schedule{}, fmt.Errorf("%w: %d slots, at most %d", ErrInvalid, len(slots), maxSlots)
	}
	var s Schedule
	for i, text := range slots {
		parsed, err := parseSlot(text)
		if err != nil {
			return Schedule{}, fmt.Errorf("%w: slot %d: %w", ErrInvalid, i, err)
		}
		s.slots = append(s.slots, parsed)
	}
	return s, nil
}

func parseSlot(text Slot) (s slot, err error) {
	if s.days, err = parseDays(text.Days); err != nil {
		return s, err
	}
	if s.from, err = parseClock(text.From); err != nil {
		return s, err
	}
	to, err := parseClock(text.To)
	if err != nil {
		return s, err
	}
	if s.from == dayLong {
		return s, fmt.Errorf("from %s is the end of a day", text.From)
	}
	if to <= s.from {
		to += dayLong
	}
	if text.Rates.MaxDown < 0 || text.Rates.MaxUp < 0 {
		return s, fmt.Errorf("a negative limit")
	}
	s.length, s.rates = to-s.from, text.Rates
	return s, nil
}

// parseDays takes names of days, and ranges of them, with commas between.
func parseDays(text string) (days [7]bool, err error) {
	if text == "" {
		return [7]bool{true, true, true, true, true, true, true}, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		first, last, ranged := strings.Cut(part, "-")
		if !ranged {
			last = first
		}
		a, b := dayOf(first), dayOf(last)
		if a < 0 || b < 0 {
			return days, fmt.Errorf("no days: %.20q; write them as mon-fri or sat,sun", part)
		}
		for ; a != b; a = (a + 1) % 7 {
			days[a] = true
		}
		days[b] = true
	}
	return days, nil
}

// dayOf returns -1 for what is no day.
func dayOf(name string) int {
	names := [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	return slices.Index(names[:], strings.ToLower(strings.TrimSpace(name)))
}

// parseClock takes HH:MM and returns minutes.
func parseClock(text string) (int, error) {
	if len(text) == 5 && text[2] == ':' {
		h, errH := strconv.ParseUint(text[:2], 10, 8)
		m, errM := strconv.ParseUint(text[3:], 10, 8)
		if errH == nil && errM == nil && m < 60 && (h < 24 || h == 24 && m == 0) {
			return int(h*60 + m), nil
		}
	}
	return 0, fmt.Errorf("no time of a day: %.20q; write it as 08:30", text)
}

// At returns the limits at a moment, by the clock of now's location, and when to ask
// again; zero: they never change. base holds where no slot does.
func (s Schedule) At(now time.Time, base Rates) (r Rates, next time.Time) {
	r = s.rates(now, base)
	if !s.varied(base) {
		return r, next
	}
	for _, at := range s.edges(now) {
		if s.rates(at, base) != r {
			return r, at
		}
	}
	return r, now.AddDate(0, 0, lookAhead-1) // there may be one behind what was looked at
}

func (s Schedule) varied(base Rates) bool {
	return slices.ContainsFunc(s.slots, func(t slot) bool { return t.rates != base })
}

// rates are those at a moment.
func (s Schedule) rates(t time.Time, base Rates) Rates {
	minute := int(t.Weekday())*dayLong + t.Hour()*60 + t.Minute()
	for _, slot := range slices.Backward(s.slots) {
		if slot.holds(minute) {
			return slot.rates
		}
	}
	return base
}

// holds reports whether a minute of the week is in the slot.
func (s *slot) holds(minute int) bool {
	for day, on := range s.days {
		since := (minute - day*dayLong - s.from + weekLong) % weekLong
		if on && since < s.length {
			return true
		}
	}
	return false
}

// edges are the moments after now at which the limits may change, in order: the
// beginnings and ends of slots, and where the clock is put forward or back.
func (s Schedule) edges(now time.Time) (edges []time.Time) {
	add := func(t time.Time) {
		if t.After(now) {
			edges = append(edges, t)
		}
	}
	minutes := make(map[int]bool)
	for _, slot := range s.slots {
		minutes[slot.from] = true
		minutes[(slot.from+slot.length)%dayLong] = true
	}
	year, month, day := now.Date()
	for d := range lookAhead {
		for minute := range minutes {
			for _, t := range onTheWall(year, month, day+d, minute, now.Location()) {
				add(t)
			}
		}
	}
	for t := now; t.Before(now.AddDate(0, 0, lookAhead)); {
		_, end := t.ZoneBounds()
		if end.IsZero() {
			break
		}
		add(end)
		t = end
	}
	slices.SortFunc(edges, time.Time.Compare)
	return edges
}

// onTheWall returns the moments at which the clock shows a minute of a day: one, none
// when it is skipped, two when the hour comes twice.
func onTheWall(year int, month time.Month, day, minute int, loc *time.Location) (at []time.Time) {
	wall := time.Date(year, month, day, 0, minute, 0, 0, time.UTC)
	before, after := 0, 0
	_, before = wall.AddDate(0, 0, -1).In(loc).Zone()
	_, after = wall.AddDate(0, 0, 1).In(loc).Zone()
	for _, offset := range []int{before, after} {
		t := wall.Add(-time.Duration(offset) * time.Second).In(loc)
		if _, is := t.Zone(); is == offset && (len(at) == 0 || !at[0].Equal(t)) {
			at = append(at, t)
		}
	}
	return at
}
