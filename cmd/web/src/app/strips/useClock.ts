import { useEffect, useState } from 'react';

/** useClock is the time of this machine in ms, each second anew. */
export function useClock(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const t = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(t);
  }, []);
  return now;
}
