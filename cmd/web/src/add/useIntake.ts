import { useEffect, useState } from 'react';
import { takeTransfer } from './intake';

/** What carries something that could be added. */
const carries = (e: DragEvent): boolean => e.dataTransfer?.types.some((t) => t === 'Files' || t === 'text/uri-list' || t === 'text/plain') ?? false;

/** A drag that began on the page is somebody moving a column, not a torrent. */
let ours = false;

const inField = (t: EventTarget | null): boolean => t instanceof HTMLElement && (t.isContentEditable || t.matches('input:not([type=checkbox],[type=radio]), textarea, select'));

/** useIntake takes what is dropped or pasted anywhere on the page, and reports whether
 *  something is held over it. */
export function useIntake(on: boolean): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    if (!on) return;
    let depth = 0; // a drag enters what is inside before it leaves what is around
    const end = () => {
      depth = 0;
      setOver(false);
    };
    const listeners: { [K in keyof WindowEventMap]?: (e: WindowEventMap[K]) => void } = {
      dragstart: () => void (ours = true),
      dragend: () => void (ours = false),
      dragenter(e) {
        if (ours || !carries(e)) return;
        depth++;
        setOver(true);
      },
      dragleave() {
        if (--depth <= 0) end();
      },
      dragover(e) {
        if (ours || !carries(e)) return;
        e.preventDefault(); // else the browser opens what is dropped
        if (e.dataTransfer) e.dataTransfer.dropEffect = 'copy';
      },
      drop(e) {
        end();
        if (ours || !e.dataTransfer || inField(e.target)) return;
        e.preventDefault();
        takeTransfer(e.dataTransfer);
      },
      paste(e) {
        if (e.clipboardData && !inField(e.target) && takeTransfer(e.clipboardData)) e.preventDefault();
      },
    };
    const all = Object.entries(listeners) as [string, EventListener][];
    for (const [name, fn] of all) addEventListener(name, fn);
    return () => {
      for (const [name, fn] of all) removeEventListener(name, fn);
      end();
    };
  }, [on]);
  return on && over;
}
