package session

import (
	"cmp"
	"math"
	"slices"
)

// Ranked is a torrent and its Entry.Rank.
type Ranked struct {
	ID   ID
	Rank int64
}

// rankGap lies between two neighbours at first, so that others find room between them.
const rankGap = 1 << 32

// LastRank is the rank of one that is put behind all others.
func LastRank(line []Ranked) int64 {
	last := int64(0)
	for _, r := range line {
		last = max(last, r.Rank)
	}
	if last > math.MaxInt64-rankGap {
		return math.MaxInt64
	}
	return last + rankGap
}

// Rerank returns which ranks must change to put one of a line into a place, from 0: most
// often its own alone. A place behind the end is the end. Nothing if it is not there.
func Rerank(line []Ranked, id ID, place int) []Ranked {
	line = slices.Clone(line)
	slices.SortFunc(line, func(a, b Ranked) int { return cmp.Or(cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.ID, b.ID)) })
	was := slices.IndexFunc(line, func(r Ranked) bool { return r.ID == id })
	if was < 0 {
		return nil
	}
	place = min(max(0, place), len(line)-1)
	if was == place {
		return nil
	}
	own := line[was]
	line = slices.Insert(slices.Delete(line, was, was+1), place, own)
	low, high := int64(math.MinInt64/2), int64(math.MaxInt64/2)
	if place > 0 {
		low = line[place-1].Rank
	}
	if place < len(line)-1 {
		high = line[place+1].Rank
	}
	switch {
	case low <= math.MinInt64/2 && high < math.MaxInt64/2:
		own.Rank = high - rankGap
	case high >= math.MaxInt64/2:
		own.Rank = low + rankGap
	default:
		own.Rank = low + (high-low)/2
	}
	if own.Rank > low && own.Rank < high {
		return []Ranked{own}
	}
	return renumber(line)
}

// renumber gives all of a line new ranks, and returns those that are others.
func renumber(line []Ranked) (changed []Ranked) {
	for i, r := range line {
		if rank := int64(i+1) * rankGap; rank != r.Rank {
			changed = append(changed, Ranked{r.ID, rank})
		}
	}
	return changed
}
