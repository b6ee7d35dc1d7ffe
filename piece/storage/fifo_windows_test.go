package storage

import "errors"

func makeFifo(string) error { return errors.ErrUnsupported }
