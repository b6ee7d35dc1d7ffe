package cmd

import (
	"io"
	"sync"
)

// inOrder writes lines in the order of their numbers, each as soon as those before
// it are written or known not to come.
type inOrder struct {
	w io.Writer

	mu    sync.Mutex     // held while a line is written, or the next would overtake it
	next  int            // guarded by mu; the number that is waited for
	early map[int]string // guarded by mu; what came before its turn
}

func newInOrder(w io.Writer) *inOrder { return &inOrder{w: w, early: map[int]string{}} }

// put hands over the text of a number, "" if there is none. What comes after the
// first text of a number is ignored.
func (q *inOrder) put(number int, text string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, again := q.early[number]; again || number < q.next {
		return nil
	}
	q.early[number] = text
	// Whatever has waited for this one goes out with it.
	for {
		text, ok := q.early[q.next]
		if !ok {
			return nil
		}
		delete(q.early, q.next)
		q.next++
		if text == "" {
			continue
		}
		if _, err := io.WriteString(q.w, text); err != nil {
			return err
		}
	}
}
