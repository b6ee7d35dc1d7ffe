// jsdom lacks what the page uses of dialogs and popovers: these do the same for tests.

import { cleanup } from '@testing-library/react';
import { afterEach } from 'vitest';

afterEach(cleanup);

HTMLDialogElement.prototype.showModal = function () {
  this.open = true;
  this.querySelector<HTMLElement>('[autofocus], input, textarea, button')?.focus();
};
HTMLDialogElement.prototype.close = function () {
  this.open = false;
};
HTMLElement.prototype.showPopover = function () {
  this.dataset['popoverOpen'] = '';
};
HTMLElement.prototype.hidePopover = function () {
  delete this.dataset['popoverOpen'];
};

// jsdom lays nothing out: a list that shows what is in sight would show nothing.
Object.defineProperties(HTMLElement.prototype, {
  clientHeight: { configurable: true, get: () => 600 },
  clientWidth: { configurable: true, get: () => 1000 },
  offsetHeight: { configurable: true, get: () => 600 },
  offsetWidth: { configurable: true, get: () => 1000 },
});
globalThis.ResizeObserver ??= class {
  observe() {}
  unobserve() {}
  disconnect() {}
};
