package session

import (
	"errors"
	"fmt"
	"testing"
	"time"
	_ "time/tzdata" // zones, on a machine without any

	"pgregory.net/rapid"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestSchedule(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	base, day, night := Rates{}, Rates{MaxDown: 1}, Rates{MaxDown: 2}
	s, err := ParseSchedule([]Slot{
		{Days: "mon-fri", From: "08:00", To: "18:00", Rates: day},
		{Days: "fri-sun", From: "23:00", To: "02:30", Rates: night},
		{Days: "fri", From: "17:00", To: "17:30", Rates: night},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		now, next string
		want      Rates
	}{
		{"2026-11-27 07:59", "2026-11-27 08:00", base}, // a friday
		{"2026-11-27 08:00", "2026-11-27 17:00", day},
		{"2026-11-27 17:00", "2026-11-27 17:30", night}, // the last wins
		{"2026-11-27 17:45", "2026-11-27 18:00", day},
		{"2026-11-27 18:00", "2026-11-27 23:00", base},
		{"2026-11-28 00:00", "2026-11-28 02:30", night}, // over midnight
		{"2026-11-30 01:00", "2026-11-30 02:30", night}, // sunday's, on monday
		{"2026-12-01 02:00", "2026-12-01 08:00", base},  // monday has none
		{"2026-03-29 01:59", "2026-03-29 03:00", night}, // there is no 02:30: it is over at once
		{"2026-10-25 00:30", "2026-10-25 02:30", night}, // the first of two
	} {
		now, err := time.ParseInLocation("2006-01-02 15:04", tt.now, berlin)
		if err != nil {
			t.Fatal(err)
		}
		got, next := s.At(now, base)
		if got != tt.want || next.Format("2006-01-02 15:04") != tt.next {
			t.Errorf("at %s: %v until %s, want %v until %s", tt.now, got, next.Format("2006-01-02 15:04"), tt.want, tt.next)
		}
	}
	// The second 02:00 of the night in which the clock is put back is in the slot again.
	second := time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC).In(berlin)
	if got, next := s.At(second, base); got != night || !next.Equal(second.Add(30*time.Minute)) {
		t.Errorf("when the hour comes twice: %v until %v", got, next)
	}
}

func TestScheduleRefuses(t *testing.T) {
	ok := Slot{From: "08:00", To: "24:00"}
	for _, bad := range []Slot{
		{}, {From: "8:00", To: "09:00"}, {From: "24:00", To: "01:00"}, {From: "08:00", To: "24:01"}, {From: "08:60", To: "09:00"},
		{From: "+8:00", To: "09:00"}, {Days: "mo", From: "08:00", To: "09:00"}, {Days: "mon,", From: "08:00", To: "09:00"},
		{Days: "mon-tue-wed", From: "08:00", To: "09:00"}, {From: "08:00", To: "09:00", Rates: Rates{MaxUp: -1}},
	} {
		if _, err := ParseSchedule([]Slot{ok, bad}); !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if _, err := ParseSchedule(make([]Slot, maxSlots+1)); !errors.Is(err, ErrInvalid) {
		t.Errorf("too many: %v", err)
	}
	if _, next := (Schedule{}).At(time.Now(), Rates{}); !next.IsZero() {
		t.Errorf("no schedule changes at %v", next)
	}
}

// From a moment to the one that At names nothing changes, and there something does:
// looked at minute by minute, in zones that put their clocks forward and back.
func TestScheduleNext(t *testing.T) {
	zones := []*time.Location{time.UTC, zone(t, "Europe/Berlin"), zone(t, "America/New_York"), zone(t, "Australia/Lord_Howe"), zone(t, "Asia/Kathmandu")}
	days := []string{"", "sun", "mon-fri", "sat,sun", "fri-mon", "wed"}
	clock := rapid.Custom(func(t *rapid.T) string {
		return fmt.Sprintf("%02d:%02d", rapid.IntRange(0, 23).Draw(t, "h"), rapid.SampledFrom([]int{0, 15, 30, 59}).Draw(t, "m"))
	})
	changes := []int64{
		time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC).Unix(), time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC).Unix(),
		time.Date(2026, 3, 8, 0, 0, 0, 0, time.UTC).Unix(), time.Date(2026, 4, 4, 0, 0, 0, 0, time.UTC).Unix(),
	}
	rapid.Check(t, func(t *rapid.T) {
		var slots []Slot
		for range rapid.IntRange(1, 4).Draw(t, "slots") {
			slots = append(slots, Slot{
				Days: rapid.SampledFrom(days).Draw(t, "days"), From: clock.Draw(t, "from"), To: clock.Draw(t, "to"),
				Rates: Rates{MaxDown: rapid.Int64Range(0, 3).Draw(t, "rate")},
			})
		}
		s, err := ParseSchedule(slots)
		if err != nil {
			t.Fatal(err)
		}
		at := rapid.SampledFrom(changes).Draw(t, "change") + 60*rapid.Int64Range(-4*dayLong, 3*dayLong).Draw(t, "minutes")
		now := time.Unix(at, 0).In(rapid.SampledFrom(zones).Draw(t, "zone"))
		got, next := s.At(now, Rates{})
		if next.IsZero() {
			next = now.AddDate(0, 0, 3)
		} else if after, _ := s.At(next, Rates{}); after == got && next.Sub(now) < 7*24*time.Hour {
			t.Fatalf("at %v nothing changes", next)
		}
		if !next.After(now) {
			t.Fatalf("next is %v, now is %v", next, now)
		}
		for m := now; m.Before(next); m = m.Add(time.Minute) {
			if r := s.rates(m, Rates{}); r != got {
				t.Fatalf("at %v it is %v, not %v until %v", m, r, got, next)
			}
		}
	})
}
