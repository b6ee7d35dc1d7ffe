import { CardRow } from './CardRow';
import css from './cards.module.css';
import type { ListProps } from './listProps';
import { useListEvents } from './useListEvents';
import { rem } from './rem';
import { useVirtualList } from './useVirtualList';

/** The styles have the same. */
const cardHeight = rem(5.25);

/** The torrents where a table has no room: one card each, which a tap opens. Keys do what they do in the table. */
export function Cards(props: ListProps) {
  const { ids, selection, openId } = props;
  const list = useVirtualList(props, cardHeight, 0);
  const events = useListEvents(props, list, true);
  const { virtualizer, tabStop, setScroller } = list;
  return (
    <div
      ref={setScroller}
      role="grid"
      aria-label="Torrents"
      aria-rowcount={ids.length}
      aria-colcount={1}
      aria-multiselectable="true"
      className={css.cards}
      tabIndex={-1}
      {...events}
    >
      <div role="rowgroup" className={css.body} style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map(({ index }) => {
          const id = ids[index];
          return id === undefined ? null : (
            <CardRow
              key={id}
              id={id}
              index={index}
              selection={selection}
              open={id === openId}
              first={index === tabStop}
              height={cardHeight}
            />
          );
        })}
      </div>
    </div>
  );
}
