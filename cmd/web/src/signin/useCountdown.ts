import { useEffect, useState } from 'react';

/** useCountdown are the seconds that are left, and what begins anew with so many. It goes
 *  by a clock that nobody sets. */
export function useCountdown(first = 0): [left: number, begin: (seconds: number) => void] {
  const [state, setState] = useState(() => from(first));
  const left = Math.max(0, Math.ceil((state.until - state.now) / 1000));
  const waits = left > 0;
  useEffect(() => {
    if (!waits) return;
    const t = setInterval(() => setState((s) => ({ ...s, now: performance.now() })), 1000);
    return () => clearInterval(t);
  }, [waits]);
  return [left, (seconds) => setState(from(seconds))];
}

function from(seconds: number): { now: number; until: number } {
  const now = performance.now();
  return { now, until: now + seconds * 1000 };
}
