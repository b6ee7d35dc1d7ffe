/** As the API has it: of one torrent, and characters of one. */
const most = 64;
const longest = 100;

/** readLabels reads labels with commas between them; each once, none empty or too long. */
export function readLabels(text: string): string[] {
  const labels = text.split(',').map((l) => l.trim().slice(0, longest)).filter((l) => l !== '');
  return [...new Set(labels)].slice(0, most);
}

/** withLabels adds what was typed to the labels that are there. */
export function withLabels(labels: readonly string[], text: string): string[] {
  return [...new Set([...labels, ...readLabels(text)])].slice(0, most);
}
