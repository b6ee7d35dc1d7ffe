import { useState } from 'react';
import { Dialog } from '../../ui/Dialog';
import { plain } from '../../ui/sanitise';
import { contentPath } from './content';
import type { Kind } from './kinds';
import styles from './files.module.css';

interface Props {
  id: string;
  index: number;
  path: string;
  kind: Kind;
  onClose: () => void;
}

/** Plays or shows a file here. What is missing of it is fetched first. */
export function Player({ id, index, path, kind, onClose }: Props) {
  const [failed, setFailed] = useState(false);
  const title = plain(path.slice(path.lastIndexOf('/') + 1));
  const src = contentPath(id, index, true);
  const wrong = (): void => setFailed(true);
  if (failed) {
    return (
      <Dialog open title={title} onClose={onClose}>
        <p role="alert">The browser cannot show this file, or its bytes did not come. Save it, or copy the link into a player.</p>
      </Dialog>
    );
  }
  return (
    <Dialog open wide={kind !== 'audio'} title={title} onClose={onClose}>
      <div className={styles.player}>
        {/* What strangers share comes without captions that could be named here. */}
        {/* eslint-disable jsx-a11y/media-has-caption */}
        {kind === 'video' && <video src={src} controls autoPlay playsInline onError={wrong} aria-label={title} />}
        {kind === 'audio' && <audio src={src} controls autoPlay onError={wrong} aria-label={title} />}
        {/* eslint-enable jsx-a11y/media-has-caption */}
        {kind === 'picture' && <img src={src} alt={title} onError={wrong} />}
      </div>
    </Dialog>
  );
}
