package cmd

import (
	"net/http"
	"slices"

	"github.com/spf13/pflag"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/torrent"
)

// This file has the flags about web servers that have the torrent or its data.

// headerOption is --header of the commands that have no mirrors.
type headerOption struct {
	headers []string // "NAME: VALUE", secrets perhaps: never shown
}

func (o *headerOption) addFlag(f *pflag.FlagSet) {
	f.StringArrayVar(&o.headers, "header", nil, "send `'NAME: VALUE'` to the server of SOURCE, to nobody else; may be repeated")
}

// check refuses what cannot work. That the source is no URL is wrong only if the
// header was given here: the environment is for all commands.
func (o *headerOption) check(f *pflag.FlagSet, source string) error {
	if _, err := job.ParseHeaders(o.headers); err != nil || len(o.headers) == 0 || job.IsURL(source) {
		return err
	}
	if h := f.Lookup("header"); h.Annotations[originKey] == nil {
		return record.Usagef("--header is for the server of a SOURCE that is a URL, and this is none")
	}
	return nil
}

// header is what the flags say.
func (o *headerOption) header() http.Header {
	h, _ := job.ParseHeaders(o.headers) // checked before
	return h
}

// mirrorOptions are the flags about web servers that have the data.
type mirrorOptions struct {
	mirrors    []string // http and https URLs
	headers    []string // "NAME: VALUE", secrets perhaps: never shown
	noWebSeeds bool
}

// addFlags describes the flags.
func (o *mirrorOptions) addFlags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.mirrors, "mirror", nil, "download from the web server at `URL` too; may be repeated")
	f.StringArrayVar(&o.headers, "header", nil, "send `'NAME: VALUE'` to the servers of SOURCE and --mirror, to nobody else; may be repeated")
	f.BoolVar(&o.noWebSeeds, "no-web-seeds", false, "do not use the web servers that the torrent names")
}

// check refuses values that cannot work. No message shows a header, nor what a
// URL has of passwords. sources are those of the command.
func (o *mirrorOptions) check(sources []string) error {
	if err := job.CheckMirrors(o.mirrors); err != nil {
		return err
	}
	if _, err := job.ParseHeaders(o.headers); err != nil {
		return err
	}
	if len(o.headers) == 0 {
		return nil
	}
	// What is meant for one server would be told to another.
	if slices.ContainsFunc(sources, job.IsURL) {
		return job.OneOrigin(sources, o.mirrors)
	}
	if len(o.mirrors) == 0 {
		return record.Usagef("--header is for the servers of --mirror, and of a SOURCE that is a URL, and there is none")
	}
	return nil
}

// list are the mirrors.
func (o *mirrorOptions) list() []torrent.Mirror {
	header, _ := job.ParseHeaders(o.headers) // checked before
	return job.Mirrors(o.mirrors, header)
}
