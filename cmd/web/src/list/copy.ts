/** Puts text into the clipboard, and reports whether it is there. */
export async function copyText(text: string): Promise<boolean> {
  try {
    // Absent where the page did not come by TLS or from this machine.
    if ((navigator.clipboard as Clipboard | undefined) !== undefined) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // Forbidden: the old way may still be allowed.
  }
  return copyByField(text);
}

function copyByField(text: string): boolean {
  const focused = document.activeElement;
  const field = document.createElement('textarea');
  field.value = text;
  field.setAttribute('aria-hidden', 'true');
  field.style.position = 'fixed';
  field.style.opacity = '0';
  // Inside an open dialog, as what is outside it takes no focus.
  (document.querySelector('dialog[open]') ?? document.body).append(field);
  field.select();
  // Outside of TLS there is no other way.
  const done = (document as { execCommand?: (name: string) => boolean }).execCommand?.('copy') ?? false;
  field.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return done;
}
