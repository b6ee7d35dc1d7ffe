import { Button } from '../ui/Button';
import { plain } from '../ui/sanitise';
import { Card } from './Card';
import styles from './SignIn.module.css';

/** Refused says that the daemon is not called by the name in the address. To answer to any
 *  name would let other sites in through a name of theirs. */
export function Refused({ detail, name = location.hostname }: { detail?: string | undefined; name?: string }) {
  return (
    <Card title={`The daemon is not called ${plain(name)}`}>
      <p>For safety it answers only to names that it knows. Allow this one when it starts:</p>
      <pre className={styles.command}>gotor serve --host {plain(name)}</pre>
      <p className={styles.muted}>Or open the page by its IP address, or as localhost on the machine itself.</p>
      {detail && <p className={styles.muted}>{plain(detail)}</p>}
      <Button onClick={() => location.reload()}>Try again</Button>
    </Card>
  );
}
