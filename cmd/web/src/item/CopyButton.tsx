import { IconButton } from '../ui/Button';
import { copyOrSay } from './copy';

/** Puts a text on the clipboard. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  return <IconButton icon="copy" label={`Copy the ${what}`} onClick={() => void copyOrSay(text, what)} />;
}
