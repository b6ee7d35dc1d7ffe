import { fireEvent, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { listenForKeys, useKeys } from '../keys/keys';
import { Button } from './Button';
import { Dialog } from './Dialog';
import { Check, Field } from './Field';
import { Menu } from './Menu';
import { Name } from './Name';
import { Progress } from './Progress';
import { Tabs } from './Tabs';
import { Tree } from './Tree';

describe('Dialog', () => {
  function Page({ onKey }: { onKey: () => void }) {
    const [open, setOpen] = useState(false);
    useKeys('Page', { x: { label: 'x', run: onKey } });
    return (
      <>
        <Button onClick={() => setOpen(true)}>Open</Button>
        <Dialog open={open} onClose={() => setOpen(false)} title="Are you sure?">
          <p>Well?</p>
        </Dialog>
      </>
    );
  }

  it('has a name, keeps keys from the page behind it, and gives the focus back', async () => {
    const onKey = vi.fn();
    const end = listenForKeys();
    render(<Page onKey={onKey} />);
    const opener = screen.getByRole('button', { name: 'Open' });
    await userEvent.click(opener);
    expect(screen.getByRole('dialog', { name: 'Are you sure?' })).toBeDefined();
    fireEvent.keyDown(document.body, { key: 'x' });
    expect(onKey).not.toHaveBeenCalled();
    await userEvent.click(screen.getByRole('button', { name: 'Close' }));
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(document.activeElement).toBe(opener);
    fireEvent.keyDown(document.body, { key: 'x' });
    expect(onKey).toHaveBeenCalledTimes(1);
    end();
  });
});

describe('Menu', () => {
  it('is walked by arrows and letters, and passes over what cannot be done', async () => {
    const [run, never, close] = [vi.fn(), vi.fn(), vi.fn()];
    render(
      <Menu
        open
        onClose={close}
        label="Verbs"
        at={{ x: 0, y: 0 }}
        items={[{ label: 'Pause', run: never }, 'line', { label: 'Start', run }, { label: 'Remove', run: never, disabled: true }]}
      />,
    );
    const focused = () => document.activeElement?.textContent;
    expect(focused()).toBe('Pause');
    await userEvent.keyboard('{ArrowDown}');
    expect(focused()).toBe('Start');
    await userEvent.keyboard('r');
    expect(focused()).toBe('Remove');
    await userEvent.keyboard('{Enter}');
    expect(never).not.toHaveBeenCalled();
    await userEvent.keyboard('s{Enter}');
    expect(run).toHaveBeenCalledTimes(1);
    expect(close).toHaveBeenCalledTimes(1);
  });

  it('closes by escape', async () => {
    const close = vi.fn();
    render(<Menu open onClose={close} label="Verbs" at={null} items={[{ label: 'Pause', run: () => {} }]} />);
    await userEvent.keyboard('{Escape}');
    expect(close).toHaveBeenCalledTimes(1);
  });
});

it('selects tabs by arrows, around', async () => {
  function Page() {
    const [tab, setTab] = useState('a');
    return (
      <Tabs label="Parts" tabs={['a', 'b', 'c'].map((id) => ({ id, label: id }))} selected={tab} onSelect={setTab}>
        {`panel ${tab}`}
      </Tabs>
    );
  }
  render(<Page />);
  await userEvent.click(screen.getByRole('tab', { name: 'a' }));
  await userEvent.keyboard('{ArrowLeft}');
  const tab = screen.getByRole('tab', { name: 'c' });
  expect(tab.getAttribute('aria-selected')).toBe('true');
  expect(document.activeElement).toBe(tab);
  expect(screen.getByRole('tabpanel', { name: 'c' }).textContent).toBe('panel c');
});

it('ties a label, a hint and an error to a field', () => {
  render(<Field label="Rate" hint="Like 5M." error="This is no rate." />);
  const field = screen.getByLabelText('Rate');
  const described = (field.getAttribute('aria-describedby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent);
  expect(described).toEqual(['Like 5M.', 'This is no rate.']);
  expect(field.getAttribute('aria-invalid')).toBe('true');
});

it('knows a check box that is partly on', () => {
  render(<Check label="Files" checked="mixed" onChange={() => {}} />);
  expect((screen.getByRole('checkbox', { name: 'Files' }) as HTMLInputElement).indeterminate).toBe(true);
});

it('says how far a bar is, whatever it is given', () => {
  render(<Progress label="Progress" value={1.7} />);
  expect(screen.getByRole('progressbar', { name: 'Progress' }).getAttribute('aria-valuetext')).toBe('100%');
});

it('shows a name as text, isolated', () => {
  const { container } = render(<Name>{'<img src=x onerror=alert(1)>\u202e'}</Name>);
  expect(container.querySelector('img')).toBeNull();
  expect(container.querySelector('bdi')?.textContent).toBe('<img src=x onerror=alert(1)>⟨202e⟩');
});

describe('Tree', () => {
  const many = Array.from({ length: 100_000 }, (_, i) => `file ${i}`);

  it('has only what is in sight in the document, and is walked by keys', async () => {
    const [open, check] = [vi.fn(), vi.fn()];
    render(<Tree label="Files" rows={many} render={(r) => r} keyOf={(r) => r} depthOf={() => 0} expanded={() => undefined} onToggle={() => {}} onOpen={open} onCheck={check} />);
    const tree = screen.getByRole('tree', { name: 'Files' });
    expect(within(tree).getAllByRole('treeitem').length).toBeLessThan(100);
    tree.focus();
    await userEvent.keyboard('{ArrowDown}{ArrowDown}{Enter}{ArrowUp} ');
    expect(open).toHaveBeenCalledWith('file 2');
    expect(check).toHaveBeenCalledWith('file 1');
    const active = document.getElementById(tree.getAttribute('aria-activedescendant') ?? '');
    expect(active?.textContent).toBe('file 1');
  });
});
