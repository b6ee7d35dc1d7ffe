// Package term prepares text for people: it makes strings from the network
// safe to print, hides secrets in URLs, writes and reads sizes and durations,
// and asks what kind of terminal there is.
//
// A torrent, a tracker, a peer or a web server chooses the names and messages
// that gotor prints. Printed raw they could move the cursor, retitle the
// window, forge lines of a log or reverse the order of the letters of a file
// name. Everything that is printed therefore passes through [Safe] (text) or
// [EscapeJSON] (JSON), and URLs through [Redact].
//
// The package holds no state and starts no goroutines. Its functions take time
// and space linear in their input; they do not bound it.
package term
