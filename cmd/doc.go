// Package cmd is gotor's command line: the commands, what they print, and the
// exit code of the process.
//
// Every command is made of three parts: newXCmd describes it to cobra, an
// xOptions struct holds its flags, and runX does the work with a context, the
// options and the [streams] of the process. Nothing here reaches for os.Stdout,
// the environment or the clock by itself, so a test can run any command in
// its own process.
//
// What another front end would want as well is not here: package cmd/job goes from
// the user's words to a torrent.Spec, cmd/record has the objects that programs read,
// with exit codes and their words, and cmd/ui what people read.
//
// # Output
//
// Data goes to stdout, talk to stderr. What programs read are the objects of package
// cmd/record, what people read is made by package cmd/ui, whose Console owns stderr;
// the engine never prints. Here is decided which of it is asked for.
//
// # Errors
//
// An error is returned up to [run], which prints it as one line, "gotor: ...",
// in lower case and without a final full stop, and maps it to an exit code by
// record.CodeOf.
//
// # Goroutines
//
//   - command and signal watcher: started by Main, end with the process.
//   - display: one per command that shows progress (see cmd/ui); ended and waited
//     for by the command.
//   - job: one per source of get, resume and seed, at most --jobs of them
//     downloading at a time; ended by the end of its download or seeding, or by
//     the context; waited for by runner.each.
//   - tracer: one per command with --verbose (see cmd/ui); ended and waited for by
//     runner.each.
//   - tracker: one per tracker of scrape, at most 16 at a time; waited for by
//     runScrape, as is the one that asks the DHT.
//   - follower: one for get --daemon, and one for each of its sources; ended by the
//     end of the sources or by the context, and waited for by daemonGetter.all.
//   - serve: one for each listener and one for the daemon, ended and waited for by
//     serving.run; one that tells systemd, where that has started us, ended and waited
//     for by manager.stop; the log (see cmd/ui), by runServe.
//   - receiver and node: one each of a dhtClient, for the dht commands and
//     scrape; started by openDHT, ended and waited for by close.
//   - entry: one per bootstrap node and one per address of it; ended by the first
//     answer, or by the context; waited for by enter and introduce. Of dht node,
//     the one that runs introduce is ended and waited for by runDHTNode.
//   - pings of dht ping and the lookup of dht get-peers: ended by their results,
//     or by the context; waited for by the commands.
//
// # Limits
//
// What is read and fetched for a command is bounded in package cmd/job.
package cmd
