package record

import "time"

// This file has answers of a daemon that are more than one of its torrents.

// About is what a daemon says of itself.
type About struct {
	Name     string    `json:"name"`
	Version  string    `json:"version"`
	API      string    `json:"api" doc:"Where its routes begin."`
	Access   string    `json:"access" enum:"read,full" doc:"What the caller may do."`
	Features []string  `json:"features"`
	Limits   APILimits `json:"limits"`
	ServerID string    `json:"server_id" doc:"New with each start: what was remembered of the last one is void."`
	Now      time.Time `json:"now"`
}

// APILimits bound requests.
type APILimits struct {
	JSON    int64 `json:"json_bytes" doc:"Of a body of JSON."`
	Torrent int64 `json:"torrent_bytes" doc:"Of a .torrent."`
	Uploads int   `json:"uploads" doc:"Of .torrents at a time; others wait."`
}

// TorrentPage is a part of the list of torrents, or what has changed in it.
type TorrentPage struct {
	Revision uint64     `json:"revision"`
	Total    int        `json:"total" doc:"That the filter lets through, on all pages."`
	Counts   *Counts    `json:"counts" doc:"Of all torrents, whatever the filter."`
	Items    []*Torrent `json:"items"`
	Removed  []string   `json:"removed" doc:"Ids that went after the revision asked for."`
	Next     *string    `json:"next" doc:"Cursor of the next page."`
}

// FileLink opens one file of a torrent to whoever has it, for a time.
type FileLink struct {
	URL     string    `json:"url"`
	Expires time.Time `json:"expires"`
}

// LoginLink signs a browser in, once, whoever has it.
type LoginLink struct {
	Code    string    `json:"code" doc:"For POST /session."`
	URL     string    `json:"url" doc:"Of the page, with the code where no server sees it."`
	Expires time.Time `json:"expires"`
}

// FilePage is a part of the list of a torrent's files.
type FilePage struct {
	Total int           `json:"total" doc:"On all pages."`
	Items []TorrentFile `json:"items"`
	Next  *string       `json:"next" doc:"Cursor of the next page."`
}

// LogPage are lines of a daemon's log, the oldest first.
type LogPage struct {
	Lines []Log  `json:"lines"`
	Last  uint64 `json:"last" doc:"Number of the last one, or the one asked for: since of the next request."`
}
