import { go, tabs, type Tab } from '../app/route';
import { useRow } from '../store/rows';
import { Empty } from '../ui/Empty';
import { bytes, percent, when } from '../ui/format';
import { Name } from '../ui/Name';
import { Tabs } from '../ui/Tabs';

/** ItemPanel shows one torrent. */
export default function ItemPanel({ id, tab }: { id: string; tab: Tab }) {
  const t = useRow(id);
  if (!t) return <Empty title="This torrent is not here" />;
  return (
    <Tabs label="Parts of the torrent" tabs={tabs.map((name) => ({ id: name, label: name }))} selected={tab} onSelect={(to) => go({ name: 'item', id, tab: to }, { replace: true })}>
      <h2>
        <Name>{t.name}</Name>
      </h2>
      <p>
        {t.state}, {percent(t.progress)} of {bytes(t.wanted)}, added {when(t.added)}
      </p>
    </Tabs>
  );
}
