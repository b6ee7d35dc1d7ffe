package cmd

import (
	"strings"

	"gotor/cmd/job"
	"gotor/cmd/record"
)

// parseWatch makes sense of the values of --watch: a folder, and after its last colon
// what is done with what is put into it.
func parseWatch(values []string) ([]record.WatchDir, error) {
	dirs := []record.WatchDir{}
	for _, v := range values {
		d := record.WatchDir{Path: v, Labels: []string{}}
		if at := strings.LastIndexByte(v, ':'); at > 1 { // not the colon of a drive
			d.Path = v[:at]
			if err := watchOptions(&d, v[at+1:]); err != nil {
				return nil, err
			}
		}
		if d.Path == "" {
			return nil, record.Usagef("--watch needs a folder")
		}
		dirs = append(dirs, d)
	}
	return dirs, nil
}

// watchOptions takes label=X, dir=Y, paused and delete, with commas between.
func watchOptions(d *record.WatchDir, options string) error {
	if options == "" {
		return nil // the folder has a colon in its name
	}
	for part := range strings.SplitSeq(options, ",") {
		key, value, given := strings.Cut(part, "=")
		switch {
		case key == "label" && value != "":
			d.Labels = append(d.Labels, value)
		case key == "dir" && value != "":
			d.Dir = value
		case key == "paused" && !given:
			d.Paused = true
		case key == "delete" && !given:
			d.Delete = true
		default:
			return record.Usagef("--watch: %q is none of label=X, dir=Y, paused, delete; a colon in the name of a folder needs one more at the end of it", job.Clip(part))
		}
	}
	return nil
}
