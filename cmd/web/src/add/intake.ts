import { go, route } from '../app/route';
import { notify } from '../store/notices';
import { count } from '../ui/format';
import { plain } from '../ui/sanitise';
import { batch } from './send';
import { bounds } from './sources';

/** A text file with links, such as NAME.magnet. */
const isText = (f: File): boolean => /\.(magnet|txt|url)$/i.test(f.name) && f.size <= bounds.text;
const isTorrent = (f: File): boolean => /\.torrent$/i.test(f.name) || f.type === 'application/x-bittorrent';

/** takeText puts what a text names into the sheet, and opens it. */
export function takeText(text: string): boolean {
  const { sources, strange, more } = batch.offerText(text);
  if (sources.length === 0) {
    notify({ kind: 'info', text: 'There is no link or info-hash in this text.', detail: strange[0] && `${plain(strange[0])} is none.` });
    return false;
  }
  if (more) notify({ kind: 'info', text: `The first ${count(sources.length)} are taken.`, detail: 'Add these, then the others.' });
  show();
  return true;
}

/** takeFiles puts .torrent files, and the links of text files, into the sheet, and opens
 *  it. */
export async function takeFiles(files: readonly File[]): Promise<void> {
  const torrents = files.filter(isTorrent);
  const texts = files.filter((f) => !isTorrent(f) && isText(f));
  const others = files.filter((f) => !isTorrent(f) && !isText(f));
  const [odd] = others;
  if (odd) {
    const what = others.length === 1 ? `${plain(odd.name)} is no .torrent file.` : `${count(others.length)} of these are no .torrent files.`;
    notify({ kind: 'bad', text: what, detail: 'Drop .torrent files, or text with links.' });
  }
  if (torrents.length > 0) {
    if (!batch.offerFiles(torrents)) notify({ kind: 'info', text: 'These are too many at once.', detail: 'Add what is in the sheet, then the others.' });
    show();
  }
  for (const t of texts) takeText(await t.text());
}

/** takeTransfer takes what was dropped or pasted; what it is must be read before the event
 *  ends. */
export function takeTransfer(data: DataTransfer): boolean {
  const files = [...data.files];
  if (files.length > 0) {
    void takeFiles(files);
    return true;
  }
  const text = data.getData('text/uri-list') || data.getData('text/plain');
  return text.trim() !== '' && takeText(text);
}

function show(): void {
  if (route().name !== 'add') go({ name: 'add' });
}
