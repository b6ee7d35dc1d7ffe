package transmission

import (
	"slices"

	"gotor/cmd/record"
)

// step is a way to move in the line of those that wait.
type step struct {
	// to says where a torrent goes that is at a place of a line of some length.
	to func(at, length int) int
	// last has the last of several go first, so that they keep their order.
	last bool
}

func toTop() step    { return step{func(int, int) int { return 0 }, true} }
func up() step       { return step{func(at, _ int) int { return max(0, at-1) }, false} }
func down() step     { return step{func(at, length int) int { return min(at+1, max(0, length-1)) }, true} }
func toBottom() step { return step{func(_, length int) int { return max(0, length-1) }, false} }

// queueMove makes a method that moves torrents in line.
func queueMove(s step) func(*caller, *call) (object, error) {
	return func(c *caller, a *call) (object, error) {
		var args struct {
			IDs ids `json:"ids"`
		}
		if err := a.into(&args); err != nil {
			return nil, err
		}
		waiting := slices.DeleteFunc(c.meant(&args.IDs), func(n numbered) bool { return n.t.Queue == nil })
		slices.SortStableFunc(waiting, func(x, y numbered) int { return *x.t.Queue - *y.t.Queue })
		length := 0
		for _, t := range c.cfg.Session.List().Torrents {
			if t.Queue != nil {
				length++
			}
		}
		if s.last {
			slices.Reverse(waiting)
		}
		for _, n := range waiting {
			p := record.Patch{Queue: record.Some(s.to(*n.t.Queue, length))}
			if _, err := c.cfg.Session.Patch(c.ctx, n.t.ID, p, 0); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}
}
