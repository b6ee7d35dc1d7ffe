package daemon

import (
	"testing"

	"gotor/cmd/record"
)

// Settings that are read again count, but for those that a request has changed.
func TestRebase(t *testing.T) {
	inLab(t, func(l *lab) {
		h := l.home()
		d, stop := h.start()
		_, err := d.PatchSettings(l.Context(), record.SettingsPatch{MaxUp: record.Some(int64(1000))}, 0)
		l.must(err)
		base := d.Settings()
		base.MaxUp.Value, base.MaxDown.Value, base.Queue.MaxSeeds.Value = 5, 7, 3
		was := d.Settings().Revision
		d.Rebase(base)
		got := d.Settings()
		if got.MaxUp.Value != 1000 || got.MaxDown.Value != 7 || got.Queue.MaxSeeds.Value != 3 || got.Revision <= was {
			t.Errorf("%+v", got)
		}
		stop()
	})
}
