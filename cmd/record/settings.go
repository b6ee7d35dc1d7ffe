package record

import "time"

// Settings are what a daemon goes by, each with where it comes from.
type Settings struct {
	Revision uint64 `json:"revision"`

	MaxDown  Knob[int64]      `json:"max_down" doc:"Payload of all torrents, bytes per second; 0: no limit."`
	MaxUp    Knob[int64]      `json:"max_up"`
	Schedule Knob[[]Slot]     `json:"schedule" doc:"Limits at times of the week, local time; the last that fits wins."`
	Override Knob[*Override]  `json:"override" doc:"Passes the schedule for a while."`
	Queue    QueueSettings    `json:"queue"`
	Seed     SeedSettings     `json:"seed"`
	Dir      Knob[string]     `json:"dir" doc:"Where torrents go that say nothing: a root, or below one."`
	Roots    Knob[[]string]   `json:"roots" doc:"Nothing is written, moved, listed, deleted or served outside them."`
	Watch    Knob[[]WatchDir] `json:"watch"`
	DHT      Knob[bool]       `json:"dht"`
	LSD      Knob[bool]       `json:"lsd"`
	PEX      Knob[bool]       `json:"pex"`
	Port     Knob[int]        `json:"port"`
	MaxPeers Knob[int]        `json:"max_peers" doc:"Connections of all torrents."`
	Private  Knob[[]string]   `json:"private_urls" doc:"Addresses of our own network that URLs may lead to, as prefixes."`
}

// Where a setting comes from.
const (
	FromDefault     = "default"
	FromFlag        = "flag"
	FromEnvironment = "environment"
	FromFile        = "file"
	FromAPI         = "api"
)

// Knob is a value and where it comes from. What a flag or the environment has
// fixed cannot be changed while the daemon runs.
type Knob[T any] struct {
	Value T      `json:"value"`
	From  string `json:"from" enum:"default,flag,environment,file,api"`
	Fixed bool   `json:"fixed" doc:"Cannot be changed by a request."`
}

// QueueSettings bound what goes on at a time; 0: no bound. Who has moved no byte for
// five minutes is not counted.
type QueueSettings struct {
	MaxDownloads Knob[int] `json:"max_downloads"`
	MaxSeeds     Knob[int] `json:"max_seeds"`
	MaxChecks    Knob[int] `json:"max_checks" doc:"For each disk."`
}

// SeedSettings are the default goals of complete torrents; 0: no limit.
type SeedSettings struct {
	Mode  Knob[string]  `json:"mode"` // forever, never, limits
	Ratio Knob[float64] `json:"ratio"`
	Time  Knob[int64]   `json:"time"` // seconds
	Idle  Knob[int64]   `json:"idle"` // seconds
}

// Slot is a part of each week in which other limits hold.
type Slot struct {
	Days    string `json:"days" maxLength:"64" doc:"Such as mon-fri, or sat,sun; empty: all."`
	From    string `json:"from" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" doc:"Local time."`
	To      string `json:"to" pattern:"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$" doc:"Before From: on the next day."`
	MaxDown int64  `json:"max_down" minimum:"0" maximum:"1000000000000" doc:"Bytes per second; 0: no limit."`
	MaxUp   int64  `json:"max_up" minimum:"0" maximum:"1000000000000"`
}

// Override passes the schedule until a moment.
type Override struct {
	MaxDown int64     `json:"max_down" minimum:"0" maximum:"1000000000000"`
	MaxUp   int64     `json:"max_up" minimum:"0" maximum:"1000000000000"`
	Until   time.Time `json:"until"`
}

// WatchDir is a folder whose torrents are added by themselves.
type WatchDir struct {
	Path   string   `json:"path"`
	Labels []string `json:"labels"`
	Dir    string   `json:"dir"` // where the data goes; empty: the default
	Paused bool     `json:"paused"`
	Delete bool     `json:"delete"` // what was taken is deleted, not renamed
}

// SettingsPatch is a merge patch of Settings; null goes back to what flag, file or
// default say.
type SettingsPatch struct {
	MaxDown  Opt[int64]      `json:"max_down,omitzero" minimum:"0" maximum:"1000000000000"`
	MaxUp    Opt[int64]      `json:"max_up,omitzero" minimum:"0" maximum:"1000000000000"`
	Schedule Opt[[]Slot]     `json:"schedule,omitzero" maxItems:"100"`
	Override Opt[*Override]  `json:"override,omitzero"`
	Queue    Opt[QueuePatch] `json:"queue,omitzero"`
	Seed     Opt[SeedPatch]  `json:"seed,omitzero"`
	Dir      Opt[string]     `json:"dir,omitzero" maxLength:"4096"`
}

// QueuePatch changes QueueSettings.
type QueuePatch struct {
	MaxDownloads Opt[int] `json:"max_downloads,omitzero" minimum:"0" maximum:"1000000"`
	MaxSeeds     Opt[int] `json:"max_seeds,omitzero" minimum:"0" maximum:"1000000"`
	MaxChecks    Opt[int] `json:"max_checks,omitzero" minimum:"0" maximum:"1000"`
}

// Stats are the figures of a daemon.
type Stats struct {
	Now         time.Time      `json:"now"`
	Started     time.Time      `json:"started"`
	DownRate    int64          `json:"down_rate"`
	UpRate      int64          `json:"up_rate"`
	Limits      RateLimits     `json:"limits" doc:"That hold now."`
	Downloaded  int64          `json:"downloaded" doc:"Payload, of all runs."`
	Uploaded    int64          `json:"uploaded"`
	Session     Transferred    `json:"session" doc:"Of this run."`
	Wasted      int64          `json:"wasted"`
	Torrents    map[string]int `json:"torrents" doc:"By state."`
	Active      int            `json:"active" doc:"That are awake."`
	Connections int            `json:"connections"`
	Dialing     int            `json:"dialing"`
	Port        int            `json:"port" doc:"For TCP and UDP; 0: none."`
	External    string         `json:"external" doc:"Our address as others see it."`
	Reachable   *bool          `json:"reachable" doc:"Somebody from outside has connected."`
	DHTNodes    *int           `json:"dht_nodes"`
	Disks       []Disk         `json:"disks"`
	Buffers     int64          `json:"buffer_bytes"`
	BufferLimit int64          `json:"buffer_limit_bytes"`
	OpenFiles   int            `json:"open_files"`
	Memory      int64          `json:"memory" doc:"Resident bytes of the process."`
	Announces   int            `json:"announce_queue"`
	Ready       string         `json:"ready" doc:"Empty, or why state cannot be written."`
	History     *History       `json:"history,omitempty"`
}

// Transferred are bytes of payload.
type Transferred struct {
	Downloaded int64 `json:"downloaded"`
	Uploaded   int64 `json:"uploaded"`
}

// Disk is the disk of one root.
type Disk struct {
	Dir   string `json:"dir"`
	Free  *int64 `json:"free"`
	Total *int64 `json:"total"`
}

// History are the rates of the last seconds, the newest last.
type History struct {
	Interval int     `json:"interval"` // seconds
	Down     []int64 `json:"down"`
	Up       []int64 `json:"up"`
}

// Dirs are the folders in a folder of a root.
type Dirs struct {
	Path string `json:"path"`
	Dirs []Dir  `json:"dirs"`
	Free *int64 `json:"free"`
}

// Dir is a folder.
type Dir struct {
	Name string `json:"name"`
	Path string `json:"path"`
}
