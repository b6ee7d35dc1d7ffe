import { useRef, useState, type ClipboardEvent, type Ref } from 'react';
import { Button } from '../ui/Button';
import { TextField } from '../ui/Field';
import styles from './Add.module.css';
import { takeFiles, takeText } from './intake';
import { parseSources } from './sources';

/** More takes links and files into the sheet. */
export function More({ empty = false, field }: { empty?: boolean; field?: Ref<HTMLTextAreaElement> }) {
  const [text, setText] = useState('');
  const files = useRef<HTMLInputElement>(null);
  const take = () => {
    if (text.trim() !== '' && takeText(text)) setText('');
  };
  // What is pasted as a whole needs no button.
  const paste = (e: ClipboardEvent) => {
    const pasted = e.clipboardData.getData('text/plain');
    if (text !== '' || parseSources(pasted).sources.length === 0) return;
    e.preventDefault();
    takeText(pasted);
  };
  return (
    <form
      className={empty ? `${styles.more ?? ''} ${styles.empty ?? ''}` : styles.more}
      onSubmit={(e) => {
        e.preventDefault();
        take();
      }}
    >
      <TextField
        ref={field}
        label={empty ? 'Magnet links, addresses of .torrent files, or info-hashes' : 'More links'}
        rows={empty ? 5 : 1}
        value={text}
        spellCheck={false}
        placeholder={empty ? 'magnet:?xt=urn:btih:…' : undefined}
        hint={empty && 'As many as you like. Nothing starts before you say so.'}
        onPaste={paste}
        onChange={(e) => setText(e.target.value)}
        onKeyDown={(e) => {
          if (e.key !== 'Enter' || e.shiftKey || e.nativeEvent.isComposing) return;
          e.preventDefault();
          take();
        }}
      />
      <div className={styles.buttons}>
        <Button icon="file" onClick={() => files.current?.click()}>
          {empty ? 'Choose .torrent files' : 'Files'}
        </Button>
        {empty && <span className={styles.muted}>or drop them anywhere</span>}
        <Button look={empty ? 'primary' : 'normal'} type="submit" disabled={text.trim() === ''}>
          {empty ? 'Look inside' : 'Take'}
        </Button>
      </div>
      <input
        ref={files}
        type="file"
        multiple
        hidden
        accept=".torrent,.magnet,.txt,application/x-bittorrent"
        aria-label=".torrent files"
        onChange={(e) => {
          void takeFiles([...(e.target.files ?? [])]);
          e.target.value = ''; // the same file may be chosen again
        }}
      />
    </form>
  );
}
