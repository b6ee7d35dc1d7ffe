package record

// Scrape is the object of scrape --json.
type Scrape struct {
	V        int             `json:"v"`
	Name     string          `json:"name"`
	InfoHash string          `json:"info_hash"`
	Trackers []ScrapeTracker `json:"trackers"`
	DHT      *ScrapeDHT      `json:"dht"` // null: not asked
}

// ScrapeTracker is what one tracker said. Without an answer the numbers are null.
type ScrapeTracker struct {
	URL       string `json:"url"` // without its secrets
	Seeders   *int   `json:"seeders"`
	Leechers  *int   `json:"leechers"`
	Completed *int   `json:"completed"`
	Error     string `json:"error,omitempty"`
}

// ScrapeDHT is what the nodes of the DHT said, together (BEP 33).
type ScrapeDHT struct {
	Seeders  *int   `json:"seeders"`
	Leechers *int   `json:"leechers"`
	Nodes    int    `json:"nodes"` // that answered
	Error    string `json:"error,omitempty"`
}
