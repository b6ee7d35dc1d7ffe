import { useEffect, useState } from 'react';

/** useCountdown counts down the seconds to a time of this machine's clock in ms; at 0, and
 *  without a time, there is nothing to wait for. A clock that is set back meanwhile does
 *  not prolong it. */
export function useCountdown(until: number | undefined): number {
  const [now, setNow] = useState(Date.now);
  const left = until === undefined ? 0 : Math.max(0, Math.ceil((until - now) / 1000));
  const waits = left > 0;
  useEffect(() => {
    if (!waits) return;
    const t = setInterval(() => setNow((was) => Math.max(was + 1000, Date.now())), 1000);
    return () => clearInterval(t);
  }, [waits]);
  useEffect(() => setNow(Date.now()), [until]);
  return left;
}
