import { LinkStrip } from './LinkStrip';
import { TroubleStrips } from './TroubleStrips';

/** Strips say, above everything, what holds for the whole page. */
export function Strips() {
  return (
    <>
      <LinkStrip />
      <TroubleStrips />
    </>
  );
}
