import { Fragment, useState } from 'react';
import { Dialog } from '../ui/Dialog';
import { allKeys, useKeys } from './keys';
import styles from './KeysDialog.module.css';
import { strokes } from './strokes';

/** KeysDialog lists what the keys do where somebody is now; `?` opens it. */
export default function KeysDialog() {
  const [scopes, setScopes] = useState<ReturnType<typeof allKeys>>();
  useKeys('Everywhere', { '?': { label: 'What the keys do', run: () => setScopes(allKeys()) } });
  const close = () => setScopes(undefined);
  return (
    <Dialog open={scopes !== undefined} onClose={close} title="Keys">
      <div className={styles.scopes}>
        {scopes?.map((s) => (
          <section key={s.scope} aria-label={s.scope}>
            <h3>{s.scope}</h3>
            <dl className={styles.keys}>
              {s.keys.map(({ key, label }) => (
                <div key={key}>
                  <dt>{strokes(key).map((k, i) => <Fragment key={k}>{i > 0 && ' then '}<kbd>{k}</kbd></Fragment>)}</dt>
                  <dd>{label}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
