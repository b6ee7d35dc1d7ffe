package session

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// scanner reads the frames of a file. What is no frame is left out: at the end of the
// file it is torn, which a power cut does to what was not synced; before that it is
// damage.
type scanner struct {
	r         io.ReaderAt
	size, off int64
	buf       []byte
	damaged   int64 // bytes left out, with a frame after them
	torn      int64 // bytes left out at the end
}

// maxSearch bounds the bytes that are summed up while the next frame after damage is
// looked for.
const maxSearch = 256 << 20

// next returns what is in the next frame, until the next call; io.EOF at the end. Other
// errors are of the disk.
func (s *scanner) next() ([]Op, error) {
	at, budget := s.off, int64(maxSearch)
	for at < s.size {
		ops, n, err := s.frameAt(at)
		if err == nil {
			s.damaged += at - s.off
			s.off = at + n
			return ops, nil
		}
		if !errors.Is(err, errFrame) {
			return nil, err
		}
		if budget -= n; budget < 0 {
			break
		}
		if at, err = s.search(at + 1); err != nil {
			return nil, err
		}
	}
	s.torn += s.size - s.off
	s.off = s.size
	return nil, io.EOF
}

// frameAt reads the frame at an offset. n is how long it is, or how much was read to see
// that there is none.
func (s *scanner) frameAt(at int64) (ops []Op, n int64, err error) {
	head, err := s.read(at, min(s.size-at, frameHead+frameMin))
	if err != nil {
		return nil, 0, err
	}
	length, ok := s.head(head, at)
	if !ok {
		return nil, int64(len(head)), errFrame
	}
	all, err := s.read(at, frameHead+length)
	if err != nil {
		return nil, 0, err
	}
	n = int64(len(all))
	if binary.BigEndian.Uint32(all[4:]) != checksum(all[:4], all[frameHead:]) {
		return nil, n, errFrame
	}
	if ops, err = parseFrame(all[frameHead:]); err != nil {
		return nil, n, fmt.Errorf("%w: %v", errFrame, err)
	}
	return ops, n, nil
}

// head reports whether a frame may begin with these bytes, and its length.
func (s *scanner) head(b []byte, at int64) (length int64, ok bool) {
	if len(b) < frameHead+frameMin {
		return 0, false
	}
	length = int64(binary.BigEndian.Uint32(b))
	return length, length >= frameMin && length <= maxFrame && at+frameHead+length <= s.size && plausible(b[8], b[9])
}

// search returns the first offset from at on where a frame may begin; s.size: nowhere.
func (s *scanner) search(at int64) (int64, error) {
	const window = 64 << 10
	for at < s.size {
		b, err := s.read(at, min(window, s.size-at))
		if err != nil {
			return 0, err
		}
		for i := 0; i+frameHead+frameMin <= len(b); i++ {
			if _, ok := s.head(b[i:], at+int64(i)); ok {
				return at + int64(i), nil
			}
		}
		if at += int64(len(b)); at < s.size {
			at -= frameHead + frameMin - 1
		}
	}
	return s.size, nil
}

// read returns n bytes at an offset, which lie inside the file, until the next call.
func (s *scanner) read(at, n int64) ([]byte, error) {
	if int64(cap(s.buf)) < n {
		s.buf = make([]byte, n+n/4)
	}
	b := s.buf[:n]
	if got, err := s.r.ReadAt(b, at); int64(got) < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // it was longer when it was opened
		}
		return nil, err
	}
	return b, nil
}
