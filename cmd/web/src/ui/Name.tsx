import { plain } from './sanitise';

/** Name shows text of a stranger: isolated, so that its direction does not turn what
 *  stands beside it. */
export function Name({ children, className }: { children: string; className?: string }) {
  return <bdi className={className}>{plain(children)}</bdi>;
}
