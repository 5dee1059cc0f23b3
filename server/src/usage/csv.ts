type Cell = string | number | boolean

/**
 * One line of CSV (RFC 4180). A text that a spreadsheet would run as a formula gets an apostrophe in front: names of
 * keys and models come from whoever made the call, and whoever opens the export is somebody else.
 */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`
}

function csvCell(cell: Cell): string {
  if (typeof cell !== 'string') return String(cell)
  const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
