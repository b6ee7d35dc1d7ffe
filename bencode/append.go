package bencode

import "strconv"

// AppendString appends s as a bencoded string. A dictionary is written as 'd',
// its keys in ascending byte order each followed by its value, and 'e'; a list
// as 'l', its values and 'e'.
func AppendString[S ~string | ~[]byte](dst []byte, s S) []byte {
	dst = strconv.AppendInt(dst, int64(len(s)), 10)
	dst = append(dst, ':')
	return append(dst, s...)
}

// AppendInt appends n as a bencoded integer.
func AppendInt(dst []byte, n int64) []byte {
	dst = append(dst, 'i')
	dst = strconv.AppendInt(dst, n, 10)
	return append(dst, 'e')
}

// AppendKey appends a dictionary key. The caller keeps the keys sorted.
func AppendKey(dst []byte, key string) []byte { return AppendString(dst, key) }

// AppendKeyString appends a key and its string value.
func AppendKeyString[S ~string | ~[]byte](dst []byte, key string, s S) []byte {
	return AppendString(AppendString(dst, key), s)
}

// AppendKeyInt appends a key and its integer value.
func AppendKeyInt(dst []byte, key string, n int64) []byte {
	return AppendInt(AppendString(dst, key), n)
}
