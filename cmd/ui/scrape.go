package ui

import (
	"fmt"
	"strings"

	"gotor/cmd/record"
)

// This file shows what trackers and the DHT know of a torrent.

// ScrapeTable has a line for each that answered.
func ScrapeTable(r *record.Scrape) string {
	var b strings.Builder
	line := func(seeders, leechers, completed, who string) {
		if b.Len() == 0 {
			fmt.Fprintf(&b, "%8s %8s %9s  %s\n", "seeders", "leechers", "completed", "tracker")
		}
		fmt.Fprintf(&b, "%8s %8s %9s  %s\n", seeders, leechers, completed, who)
	}
	for _, a := range r.Trackers {
		if a.Error == "" {
			line(number(a.Seeders), number(a.Leechers), number(a.Completed), a.URL)
		}
	}
	if d := r.DHT; d != nil && d.Error == "" {
		line(number(d.Seeders), number(d.Leechers), "-", "DHT ("+Count(d.Nodes, "node")+")")
	}
	return b.String()
}

// number is a count for the table.
func number(n *int) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprint(*n)
}
