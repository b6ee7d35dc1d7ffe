package api

import (
	"bytes"
	"context"

	"gotor/cmd/record"
)

// piecesBody is a record.Pieces, or the buckets that were asked for instead.
type piecesBody struct {
	Count        int                   `json:"count"`
	Have         []byte                `json:"have,omitempty" doc:"Bitfield as on the wire: the first piece is the highest bit; base64."`
	Unwanted     []byte                `json:"unwanted,omitempty" doc:"Bitfield of those in no selected file."`
	Partial      []record.PartialPiece `json:"partial,omitempty" doc:"Pieces that are being downloaded."`
	Availability []record.Run          `json:"availability,omitempty" doc:"How many of the connected peers have a piece, by runs from piece 0."`
	Buckets      []bucket              `json:"buckets,omitempty" doc:"Only with buckets."`
}

type piecesOut struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// bucket sums up neighbouring pieces.
type bucket struct {
	First        int     `json:"first" doc:"Piece."`
	Pieces       int     `json:"pieces"`
	Done         float64 `json:"done" minimum:"0" maximum:"1" doc:"Part of its pieces that is here."`
	Unwanted     float64 `json:"unwanted" minimum:"0" maximum:"1" doc:"Part that is in no selected file."`
	Partial      int     `json:"partial" doc:"Pieces that are being downloaded."`
	Availability int     `json:"availability" doc:"Peers that have its rarest piece."`
}

// pieces answers with a torrent's pieces: whole, summed up, or as bits alone.
func (i *insides) pieces(_ context.Context, in *piecesIn) (*piecesOut, error) {
	p, err := i.session.Pieces(in.ID)
	if err != nil {
		return nil, err
	}
	// For a picture of what is here a bit for each piece will do.
	if in.Buckets == 0 && isIn(in.Accept, typeBytes) {
		return &piecesOut{ContentType: typeBytes, Body: p.Have}, nil
	}
	body := piecesBody{Count: p.Count, Have: p.Have, Unwanted: p.Unwanted, Partial: p.Partial, Availability: p.Availability}
	if in.Buckets > 0 {
		body = piecesBody{Count: p.Count, Buckets: bucketsOf(p, in.Buckets)}
	}
	var b bytes.Buffer
	if err := writeJSON(&b, body); err != nil {
		return nil, err
	}
	return &piecesOut{ContentType: typeJSON, Body: b.Bytes()}, nil
}

// bucketsOf sums pieces up in at most n parts, whose sizes differ by one at most.
func bucketsOf(p *record.Pieces, n int) []bucket {
	n = min(n, p.Count)
	if n <= 0 {
		return nil
	}
	all := make([]bucket, n)
	// The bucket of a piece is the inverse of where buckets begin, i*Count/n rounded down.
	of := func(piece int) *bucket { return &all[(piece*n+n-1)/p.Count] }
	for i := range all {
		all[i].First = i * p.Count / n
		all[i].Pieces = (i+1)*p.Count/n - all[i].First
	}
	at := 0 // runs are walked along with the buckets
	runs := p.Availability
	left := 0
	if len(runs) > 0 {
		left = runs[0].Length
	}
	for i := range all {
		b := &all[i]
		have, unwanted, least := 0, 0, -1
		for piece := b.First; piece < b.First+b.Pieces; piece++ {
			have += bit(p.Have, piece)
			unwanted += bit(p.Unwanted, piece)
			for left == 0 && at+1 < len(runs) {
				at++
				left = runs[at].Length
			}
			peers := 0
			if left > 0 {
				peers = runs[at].Peers
				left--
			}
			// A bucket is as available as its rarest piece: that one is waited for.
			if least < 0 || peers < least {
				least = peers
			}
		}
		b.Done, b.Unwanted, b.Availability = float64(have)/float64(b.Pieces), float64(unwanted)/float64(b.Pieces), max(0, least)
	}
	for _, part := range p.Partial {
		if part.Piece >= 0 && part.Piece < p.Count {
			of(part.Piece).Partial++
		}
	}
	return all
}

// bit is a piece's bit of a bitfield: 0 beyond its end.
func bit(field []byte, piece int) int {
	if piece/8 >= len(field) {
		return 0
	}
	return int(field[piece/8] >> (7 - piece%8) & 1)
}
