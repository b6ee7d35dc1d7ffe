package record

// This file has the objects that are about gotor itself.

// Config is the object of config show --json.
type Config struct {
	V        int       `json:"v"`
	File     *string   `json:"file"` // null: none was read
	Settings []Setting `json:"settings"`
}

// Setting is the value of one flag of one command.
type Setting struct {
	Command string `json:"command"`
	Flag    string `json:"flag"`
	Value   any    `json:"value"`  // a string as on the command line, or a list of them
	Origin  string `json:"origin"` // "default", "environment" or "file"
	Where   string `json:"where"`  // the variable, or file:line of the first value; empty for defaults
}

// Build is the object of version --json.
type Build struct {
	V        int    `json:"v"`
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified,omitempty"` // built from a changed tree
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}
