// Package record is what programs read of gotor: every JSON object that it
// writes, the schema of them, and the words and numbers for how things ended.
//
// Each object is one Go type, made from what the engine tells by one function
// beside it. What several objects say alike (how far a download is, what it
// transferred, what trackers and web servers answered) is one part that they
// embed, so that a key means the same wherever it stands. The keys of a type, their
// order and when one is left out are a promise: schema.json describes them, a test
// compares it with the types, and [Version] counts the breaks.
//
// An error becomes an exit code in [CodeOf], and a code a word in [Reason].
//
// # Hostile text
//
// A torrent, a tracker, a peer or a web server chooses the names and messages that
// gotor tells of. Raw they could move the cursor of who looks at them, forge lines
// of a log or reverse the letters of a file name. Every text in an object has
// therefore passed [Redact], which takes secrets out of URLs, too; strings that are
// data (names, paths, the parts of a link) stay as they are, and [Line] writes what
// is dangerous in them in escapes. Package cmd/ui prints for people through the same
// [Safe].
//
// The package prints nothing, starts no goroutines and keeps no state. Its functions
// take time and space linear in their input; they do not bound it.
package record
