import { useEffect, useRef, useState, type FormEvent } from 'react';
import { signIn } from '../api/daemon';
import { explain, toProblem, type ApiProblem } from '../api/problem';
import { useCell } from '../store/cell';
import { refusedCode } from '../store/login';
import { Button } from '../ui/Button';
import { Field } from '../ui/Field';
import { plain } from '../ui/sanitise';
import { Card } from './Card';
import styles from './SignIn.module.css';
import { useCountdown } from './useCountdown';

/** A daemon that does not say for how long is asked again after so many seconds. */
const usualWait = 60;

/** TokenForm asks for the token. */
export function TokenForm() {
  const code = useCell(refusedCode);
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState(code?.status === 429 ? code : undefined);
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const [wait, beginWait] = useCountdown(waitOf(problem));
  useEffect(() => field.current?.focus(), []);

  const submit = async (e: FormEvent) => {
    e.preventDefault();
    if (wait > 0 || busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      await signIn({ token: token.trim() });
    } catch (caught) {
      const p = toProblem(caught);
      setProblem(p);
      beginWait(waitOf(p));
      field.current?.select();
    }
    setBusy(false);
  };
  const error = wait > 0 ? undefined : problem && problem.status !== 429 ? tokenError(problem) : undefined;
  return (
    <Card title="Sign in">
      {code && code.status !== 429 && problem === undefined && <p className={styles.note}>{codeError(code)}</p>}
      <form className={styles.form} onSubmit={(e) => void submit(e)}>
        <Field
          ref={field}
          label="Token"
          type="password"
          name="token"
          autoComplete="current-password"
          spellCheck={false}
          maxLength={4096}
          required
          value={token}
          onChange={(e) => setToken(e.target.value)}
          error={error}
        />
        {wait > 0 && (
          <p className={styles.note} role="alert">
            Too many wrong tries. Wait <span aria-hidden="true">{wait} s</span>
            <span className="sr-only">a little</span>, then try again.
          </p>
        )}
        <Button look="primary" type="submit" disabled={busy || wait > 0 || token.trim() === ''}>
          {wait > 0 ? `Wait ${wait} s` : busy ? 'Signing in…' : 'Sign in'}
        </Button>
      </form>
      <details className={styles.help}>
        <summary>Where is the token?</summary>
        <p>On the machine of the daemon, this prints a link that signs in by itself, once:</p>
        <pre className={styles.command}>gotor ctl login</pre>
        <p>The token itself is in the file <code>token</code> of the daemon&apos;s state folder.</p>
      </details>
    </Card>
  );
}

const waitOf = (p: ApiProblem | undefined): number => (p?.status === 429 ? (p.retryAfter ?? usualWait) : 0);

function tokenError(p: ApiProblem): string {
  if (p.status === 401) return 'This token is wrong.';
  if (p.status === 422) return 'This cannot be a token.';
  const e = explain(p);
  return [e.title, plain(p.status === 0 ? '' : p.detail) || e.hint].filter(Boolean).join(' ');
}

function codeError(p: ApiProblem): string {
  if (p.status === 401 || p.status === 422) return 'The link does not sign in any more: it is good once, and for ten minutes. Make another one, or use the token.';
  return `The link could not sign in. ${explain(p).title}`;
}
