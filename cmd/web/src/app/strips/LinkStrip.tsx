import { stream } from '../../api/daemon';
import { useLink, type Link } from '../../store/link';
import { Button } from '../../ui/Button';
import { span } from '../../ui/format';
import { plain } from '../../ui/sanitise';
import { Strip } from '../../ui/Strip';
import { useClock } from './useClock';

/** LinkStrip says when what is seen is not how it is. */
export function LinkStrip() {
  const link = useLink();
  switch (link.state) {
    case 'reconnecting':
      return <Lost link={link} />;
    case 'offline':
      return (
        <Strip kind="warn" actions={<TryNow />}>
          This device is offline. What you see is from before; changes wait until it is back.
        </Strip>
      );
    case 'stopped':
      return <Stopped link={link} />;
    case 'other-version':
      return (
        <Strip actions={<Button onClick={() => location.reload()}>Load the page again</Button>}>
          The daemon is now version {plain(link.version)}; this page came with another one. It works on, but may miss what is new.
        </Strip>
      );
  }
  return null;
}

function TryNow() {
  return <Button onClick={() => stream.tryNow()}>Try now</Button>;
}

/** The passing seconds are not for screen readers: a status would be read each second. */
function Lost({ link }: { link: Link }) {
  const now = useClock();
  return (
    <Strip kind="warn" actions={<TryNow />}>
      Connection lost<span aria-hidden="true"> {span(Math.max(0, now - link.since) / 1000)} ago</span>. What you see is from before.
      <NextTry link={link} now={now} />
    </Strip>
  );
}

function Stopped({ link }: { link: Link }) {
  const now = useClock();
  return (
    <Strip kind="warn" actions={<TryNow />}>
      The daemon has stopped. The page comes back when it does.
      <NextTry link={link} now={now} />
    </Strip>
  );
}

function NextTry({ link, now }: { link: Link; now: number }) {
  if (link.nextTry === undefined) return null;
  const left = (link.nextTry - now) / 1000;
  return <span aria-hidden="true">{left >= 0.5 ? ` Next try in ${span(Math.ceil(left))}.` : ' Trying now.'}</span>;
}
