package swarm

import (
	"math/rand/v2"
	"testing"
)

// party has torrents take what they may, and give what they are asked for, until
// nothing changes.
type party struct {
	*testing.T
	seats *Seats
	all   []*Seat
}

func newParty(t *testing.T, most, each int, wants ...int) *party {
	p := &party{T: t, seats: NewSeats(most, each)}
	for _, w := range wants {
		p.all = append(p.all, new(Seat))
		p.note(len(p.all)-1, 0, w)
	}
	return p
}

func (p *party) note(i, held, want int) { p.seats.Note(p.all[i], held, want, nil) }

// settle lets each that wants more take it, in a random order.
func (p *party) settle(rng *rand.Rand) {
	p.Helper()
	for range 10_000 {
		moved := false
		for _, i := range rng.Perm(len(p.all)) {
			t := p.all[i]
			limit, cede := p.seats.Limit(t, t.want)
			if cede != nil {
				moved = true
				p.seats.Note(cede, cede.held-1, cede.want, nil)
			}
			if t.held < min(limit, t.want) {
				moved = true
				p.seats.Note(t, t.held+1, t.want, nil)
			}
			if p.seats.taken > p.seats.most {
				p.Fatalf("%d of %d are taken", p.seats.taken, p.seats.most)
			}
		}
		if !moved {
			return
		}
	}
	p.Fatal("it goes on for ever")
}

func (p *party) held() (all []int) {
	for _, t := range p.all {
		all = append(all, t.held)
	}
	return all
}

// Whoever comes first: in the end nobody who wants less than its part goes short, and the
// others have the same.
func TestSeatsAreFair(t *testing.T) {
	for name, c := range map[string]struct {
		most, each int
		wants      []int
		least      []int
	}{
		"plenty":           {500, 80, []int{80, 80, 3}, []int{80, 80, 3}},
		"one alone":        {50, 80, []int{80}, []int{50}},
		"twenty downloads": {500, 80, repeat(80, 20), repeat(25, 20)},
		"idle ones":        {100, 80, []int{80, 80, 0, 0, 0, 2}, []int{49, 49, 0, 0, 0, 2}},
		"more than seats":  {10, 80, repeat(5, 30), repeat(0, 30)},
		"few":              {3, 80, []int{9}, []int{3}},
	} {
		for seed := range uint64(20) {
			rng := rand.New(rand.NewPCG(seed, 1))
			p := newParty(t, c.most, c.each, make([]int, len(c.wants))...)
			for _, i := range rng.Perm(len(c.wants)) { // they come one after the other
				p.note(i, p.all[i].held, c.wants[i])
				p.settle(rng)
			}
			p.settle(rng)
			sum := 0
			for i, n := range p.held() {
				sum += n
				if n < c.least[i] || n > c.each {
					t.Fatalf("%s: they hold %v, want at least %v", name, p.held(), c.least)
				}
			}
			wanted := 0
			for _, w := range c.wants {
				wanted += w
			}
			if sum < min(wanted, c.most-c.most/8) {
				t.Errorf("%s: %d of %d are used", name, sum, c.most)
			}
		}
	}
}

func repeat(n, times int) (all []int) {
	for range times {
		all = append(all, n)
	}
	return all
}

// What a torrent lends out it loses one by one, and not more than is wanted.
func TestSeatsCede(t *testing.T) {
	p := newParty(t, 80, 80, 80)
	p.note(0, 80, 80)
	p.all = append(p.all, new(Seat))
	p.note(1, 0, 3)
	limit, cede := p.seats.Limit(p.all[1], 3)
	if limit != 0 || cede != p.all[0] {
		t.Fatalf("limit %d, %v is to cede", limit, cede)
	}
	if _, again := p.seats.Limit(p.all[1], 3); again != nil {
		t.Error("asked twice for one connection")
	}
	woken := p.seats.Note(p.all[0], 79, 80, nil)
	if len(woken) != 1 || woken[0] != p.all[1] {
		t.Errorf("%d are woken, want the one that waits", len(woken))
	}
	if limit, cede = p.seats.Limit(p.all[1], 3); limit != 1 || cede != p.all[0] {
		t.Errorf("limit %d, %v is to cede", limit, cede)
	}
	if limit, _ = p.seats.Limit(p.all[0], 80); limit != 79 {
		t.Errorf("who has lent may have %d", limit)
	}
	p.note(0, 77, 80)
	p.note(1, 3, 3)
	if _, cede = p.seats.Limit(p.all[1], 3); cede != nil {
		t.Error("more is taken back than was wanted")
	}
	p.note(1, 0, 0)
	p.note(0, 0, 0)
	if len(p.seats.all) != 0 || p.seats.taken != 0 {
		t.Error("something is left")
	}
}
