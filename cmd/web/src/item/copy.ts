import { copyText } from '../list/copy';
import { notify } from '../store/notices';

/** copyOrSay puts a text on the clipboard, and says what came of it. */
export async function copyOrSay(text: string, what: string): Promise<void> {
  if (await copyText(text)) {
    notify({ kind: 'ok', text: `Copied the ${what}.` });
  } else {
    notify({ kind: 'bad', text: `The browser did not let the ${what} be copied.`, detail: text });
  }
}
