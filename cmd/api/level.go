package api

import "context"

// level is what a caller may do; each may do what those before it may.
type level int

const (
	nobody level = iota
	guest        // has a signed link: the one file it is for
	reader       // may look, but change nothing
	full         // has the token
	owner        // came over the socket: it is the user whose daemon this is
)

// String is the word for it in answers.
func (l level) String() string {
	switch l {
	case full, owner:
		return "full"
	case reader:
		return "read"
	}
	return "none"
}

// levelOf is what the caller of a request may do.
func levelOf(ctx context.Context) level {
	l, _ := ctx.Value(levelKey{}).(level)
	return l
}

// withLevel is how the gate tells a handler who asks.
func withLevel(ctx context.Context, l level) context.Context {
	return context.WithValue(ctx, levelKey{}, l)
}

type levelKey struct{}
