package storage

import (
	"errors"
	"os"
	"testing"
)

// edged is a complete file between two that are not wanted, whose bytes in its pieces
// are kept.
func edged(t *testing.T) *tc {
	c := neighbours(t, false, true, false)
	c.spec.KeepSide = true
	c.open()
	for _, r := range c.spec.wantedRanges() {
		c.mustWrite(r.Off, r.Len)
	}
	check(t, c.s.SaveRecord([]byte("r")))
	c.finish()
	check(t, c.s.RemoveState())
	return c
}

// What a complete selection has of other files can stay, and is read with and without
// the right to write.
func TestKeepSide(t *testing.T) {
	c := edged(t)
	c.wantGone(".name.gotor", ".name.gotor.lock", ".name.gotor.files")
	c.wantRead(900, 300)
	c.close()
	for _, c.spec.ReadOnly = range []bool{true, false} {
		c.open()
		c.wantRead(900, 300)
		c.wantRead(1800, 300)
		if !c.s.Kept(900, 1200) || c.s.Kept(600, 300) || c.s.Kept(1800, 600) {
			t.Error("Kept tells something else than the bytes of the wanted pieces")
		}
		if err := c.s.RemoveSide(); !errors.Is(err, ErrReadOnly) {
			t.Errorf("removed from a download that is not complete: %v", err)
		}
		c.close()
	}
	c.open()
	check(t, c.s.RemoveState())
	check(t, c.s.RemoveSide())
	c.wantGone(".name.gotor.parts", ".name.gotor.lock")
	if c.s.Kept(900, 300) {
		t.Error("what was removed is kept")
	}
	c.close()
}

// Without the side file nothing is known of the edges, unless the neighbour is there.
func TestKeptNowhere(t *testing.T) {
	c := edged(t)
	c.close()
	check(t, os.Remove(c.side()))
	c.put("d/c", c.data[2000:3000])
	c.spec.ReadOnly = true
	c.open()
	if c.s.Kept(900, 300) || !c.s.Kept(1200, 600) || !c.s.Kept(1800, 300) {
		t.Error("Kept tells something else than what is on disk")
	}
	c.close()
}

// What is kept is moved with the files, and removed with them.
func TestSideGoesWithTheFiles(t *testing.T) {
	c := edged(t)
	c.close()
	to := c.spec
	to.Dir, to.Name = t.TempDir(), "new"
	check(t, Move(t.Context(), MoveSpec{From: c.spec, To: to}))
	c.wantGone(".name.gotor.parts", "d/b")
	c.spec = to
	c.spec.ReadOnly = true
	c.open()
	c.wantRead(900, 300)
	c.close()
	r, err := Remove(RemoveSpec{Spec: to, Complete: true, Unfinished: true})
	if err != nil || len(r.Left) != 0 {
		t.Errorf("removed %+v, %v", r, err)
	}
	if left, _ := os.ReadDir(to.Dir); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}
