/** One server-sent event. */
export interface Message {
  event: string;
  data: string;
  /** undefined: it had none, the last one stays. */
  id?: string;
}

/** The longest unfinished event; a daemon's are below 1 MiB. */
const maxPending = 16 << 20;

/** EventParser takes a text/event-stream apart (WHATWG HTML, 9.2.6), in whatever pieces
 *  it comes. */
export class EventParser {
  /** When to come back, in milliseconds, if the stream said so. */
  retry: number | undefined;
  #rest = '';
  #event = '';
  #data: string[] = [];
  #size = 0;
  #id: string | undefined;

  /** push returns the events that the text completes. It throws when one is too long. */
  push(text: string): Message[] {
    const out: Message[] = [];
    const all = this.#rest + text;
    let at = 0;
    for (;;) {
      const end = all.indexOf('\n', at);
      if (end < 0) break;
      this.#line(all.slice(at, all[end - 1] === '\r' && end > at ? end - 1 : end), out);
      at = end + 1;
    }
    this.#rest = all.slice(at);
    if (this.#rest.length + this.#size > maxPending) throw new Error('an event is too long');
    return out;
  }

  #line(line: string, out: Message[]): void {
    if (line === '') return this.#dispatch(out);
    const colon = line.indexOf(':');
    if (colon === 0) return; // a sign of life
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    switch (field) {
      case 'event':
        this.#event = value;
        break;
      case 'data':
        this.#data.push(value);
        this.#size += value.length;
        break;
      case 'id':
        if (!value.includes('\0')) this.#id = value;
        break;
      case 'retry':
        if (/^\d{1,9}$/.test(value)) this.retry = Number(value);
    }
  }

  #dispatch(out: Message[]): void {
    if (this.#data.length > 0) {
      out.push({ event: this.#event || 'message', data: this.#data.join('\n'), ...(this.#id !== undefined && { id: this.#id }) });
    }
    this.#event = '';
    this.#data = [];
    this.#size = 0;
    this.#id = undefined;
  }
}
