package transmission

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gotor/cmd/record"
)

// The alternative limits of Transmission are gotor's override while they are switched
// on by hand, and one part of gotor's schedule where they have a time.

// forever is the end of an override that somebody has to end.
const forever = 10 * 365 * 24 * time.Hour

// dayNames are the days as the bits of alt_speed_time_day have them, the first for 1.
func dayNames() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

// alternatives are the limits, whether they hold, and when they are to.
type alternatives struct {
	alternative
	on, timed       bool
	day, begin, end int // bits of days; minutes after midnight
}

// alternatives is how they stand in gotor's settings.
func (c *caller) alternatives(s *record.Settings) alternatives {
	now := alternatives{alternative: c.prefs.alternative(), day: 127, begin: 9 * 60, end: 17 * 60}
	if slots := s.Schedule.Value; len(slots) > 0 {
		slot := slots[len(slots)-1]
		now.alternative = alternative{slot.MaxDown, slot.MaxUp}
		now.day, now.begin, now.end, now.timed = daysOf(slot.Days), minutesOf(slot.From), minutesOf(slot.To), true
	}
	if o := s.Override.Value; o != nil {
		now.alternative, now.on = alternative{o.MaxDown, o.MaxUp}, true
	}
	return now
}

// tell adds what session_get has of them.
func (a *alternatives) tell(all object) {
	all["alt_speed_enabled"], all["alt_speed_down"], all["alt_speed_up"] = a.on, a.down/kilo, a.up/kilo
	all["alt_speed_time_enabled"], all["alt_speed_time_day"] = a.timed, a.day
	all["alt_speed_time_begin"], all["alt_speed_time_end"] = a.begin, a.end
}

// daysOf are the bits of days such as mon-fri; all if they cannot be read here.
func daysOf(days string) int {
	bits := 0
	named := expand(days)
	for i, name := range dayNames() {
		if slices.Contains(named, name) {
			bits |= 1 << i
		}
	}
	if bits == 0 {
		return 127
	}
	return bits
}

// alternativeChanges are the settings about them.
type alternativeChanges struct {
	Enabled *flag   `json:"alt_speed_enabled"`
	Down    *number `json:"alt_speed_down"`
	Up      *number `json:"alt_speed_up"`
	Timed   *flag   `json:"alt_speed_time_enabled"`
	Day     *number `json:"alt_speed_time_day"`
	Begin   *number `json:"alt_speed_time_begin"` // minutes after midnight
	End     *number `json:"alt_speed_time_end"`
}

// patch makes of the changes what gotor's settings are to be.
func (a *alternativeChanges) patch(c *caller, now *record.Settings, p *record.SettingsPatch) {
	seen := c.alternatives(now)
	alt := seen.alternative // to the byte: a limit below a kilobyte must not become none
	if a.Down != nil {
		alt.down = bytesOf(*a.Down)
	}
	if a.Up != nil {
		alt.up = bytesOf(*a.Up)
	}
	c.prefs.setAlternative(alt)
	on := seen.on
	touched := a.Down != nil || a.Up != nil
	if a.Enabled != nil {
		touched, on = touched || bool(*a.Enabled) != on, bool(*a.Enabled)
	}
	if touched && on {
		p.Override = record.Some(&record.Override{MaxDown: alt.down, MaxUp: alt.up, Until: c.cfg.Now().Add(forever)})
	} else if touched && a.Enabled != nil {
		p.Override = record.Opt[*record.Override]{Set: true, Null: true}
	}
	a.schedule(&seen, alt, now, p)
}

// schedule changes the last part of the schedule, which is theirs.
func (a *alternativeChanges) schedule(seen *alternatives, alt alternative, now *record.Settings, p *record.SettingsPatch) {
	timed := seen.timed
	if a.Timed != nil {
		timed = bool(*a.Timed)
	}
	if a.Timed == nil && a.Day == nil && a.Begin == nil && a.End == nil && (a.Down == nil && a.Up == nil || !timed) {
		return
	}
	slots := append([]record.Slot{}, now.Schedule.Value...)
	if len(slots) > 0 {
		slots = slots[:len(slots)-1]
	}
	if timed {
		pick := func(asked *number, now int) int {
			if asked != nil {
				return int(*asked)
			}
			return now
		}
		slots = append(slots, record.Slot{
			Days: daysText(pick(a.Day, seen.day)), From: clock(pick(a.Begin, seen.begin)), To: clock(pick(a.End, seen.end)),
			MaxDown: alt.down, MaxUp: alt.up,
		})
	}
	p.Schedule = record.Some(slots)
}

// daysText names the days of some bits.
func daysText(bits int) string {
	text := ""
	for i, name := range dayNames() {
		if bits&(1<<i) != 0 {
			if text != "" {
				text += ","
			}
			text += name
		}
	}
	return text
}

func clock(minutes int) string {
	minutes = ((minutes % 1440) + 1440) % 1440
	return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60)
}

func minutesOf(clock string) int {
	var h, m int
	if _, err := fmt.Sscanf(clock, "%d:%d", &h, &m); err != nil {
		return 0
	}
	return (h*60 + m) % 1440
}

// expand lists the days that a text such as mon-wed,sat names.
func expand(days string) (out []string) {
	names := dayNames()
	for item := range strings.SplitSeq(strings.ToLower(days), ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(item), "-")
		i, j := slices.Index(names, from), slices.Index(names, to)
		switch {
		case i < 0 || isRange && j < 0:
		case !isRange:
			out = append(out, from)
		default:
			for ; ; i = (i + 1) % len(names) {
				out = append(out, names[i])
				if i == j {
					break
				}
			}
		}
	}
	return out
}
