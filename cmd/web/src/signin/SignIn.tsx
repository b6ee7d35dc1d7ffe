import { useState, type FormEvent } from 'react';
import { signIn } from '../api/daemon';
import { explain, toProblem } from '../api/problem';
import { useLink } from '../store/link';
import { Button } from '../ui/Button';
import { Field } from '../ui/Field';
import styles from './SignIn.module.css';

/** SignIn asks for the token. */
export default function SignIn() {
  const link = useLink();
  const [token, setToken] = useState('');
  const [error, setError] = useState('');
  const submit = async (e: FormEvent) => {
    e.preventDefault();
    setError('');
    try {
      await signIn({ token: token.trim() });
    } catch (caught) {
      const p = toProblem(caught);
      const said = explain(p);
      setError(p.status === 401 ? 'This token is wrong.' : [said.title, said.hint].filter(Boolean).join(' '));
    }
  };
  if (link.state === 'refused-host') {
    return (
      <main className={styles.screen}>
        <div className={styles.card}>
          <h1>gotor is not called by this name</h1>
          <p>{link.detail}</p>
        </div>
      </main>
    );
  }
  return (
    <main className={styles.screen}>
      <form className={styles.card} onSubmit={(e) => void submit(e)}>
        <h1>Sign in to gotor</h1>
        <Field label="Token" type="password" autoComplete="current-password" required value={token} onChange={(e) => setToken(e.target.value)} error={error} hint="It is in the file token of the daemon's state folder." />
        <Button look="primary" type="submit">
          Sign in
        </Button>
      </form>
    </main>
  );
}
