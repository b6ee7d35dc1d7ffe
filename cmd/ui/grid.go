package ui

import "strings"

// grid lays rows out in columns, two blanks apart, each as wide as its widest cell.
// A letter of sides says where the cells of a column stand: l or r; the last column
// is never filled up. Cells must be safe.
func grid(sides string, rows [][]string) string {
	widths := make([]int, len(sides))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], Columns(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			fill := strings.Repeat(" ", widths[i]-Columns(cell))
			switch {
			case sides[i] == 'r':
				b.WriteString(fill + cell)
			case i == len(row)-1:
				b.WriteString(cell)
			default:
				b.WriteString(cell + fill)
			}
			if i < len(row)-1 {
				b.WriteString("  ")
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
