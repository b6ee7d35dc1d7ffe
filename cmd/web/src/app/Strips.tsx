import { useEffect, useState } from 'react';
import { stream } from '../api/daemon';
import { useLink, type Link } from '../store/link';
import { Button } from '../ui/Button';
import { span } from '../ui/format';
import { Strip } from '../ui/Strip';

/** Strips say what holds for the whole page. */
export function Strips() {
  const link = useLink();
  switch (link.state) {
    case 'reconnecting':
      return <Lost link={link} />;
    case 'offline':
      return <Strip kind="warn">This machine is offline. What you see is from before.</Strip>;
    case 'stopped':
      return (
        <Strip kind="warn" actions={<Button onClick={() => stream.tryNow()}>Try now</Button>}>
          The daemon has stopped. The page comes back with it.
        </Strip>
      );
    case 'other-version':
      return (
        <Strip actions={<Button onClick={() => location.reload()}>Load the page again</Button>}>The daemon is now version {link.version}; this page is of an older one.</Strip>
      );
  }
  return null;
}

function Lost({ link }: { link: Link }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const t = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(t);
  }, []);
  const left = link.nextTry === undefined ? undefined : Math.max(0, link.nextTry - now) / 1000;
  return (
    <Strip kind="warn" actions={<Button onClick={() => stream.tryNow()}>Try now</Button>}>
      The daemon does not answer for {span(Math.max(0, now - link.since) / 1000)}.{left !== undefined && ` Next try in ${span(left)}.`}
    </Strip>
  );
}
