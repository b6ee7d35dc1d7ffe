import { useMilestones } from '../store/milestones';
import { when } from '../ui/format';
import { Name } from '../ui/Name';

/** ActivityScreen shows what happened. */
export default function ActivityScreen() {
  const all = useMilestones();
  return (
    <>
      <h1>Activity</h1>
      <ul>
        {all.map((m) => (
          <li key={m.id + m.what + m.at}>
            {when(m.at)} <Name>{m.name}</Name> {m.what}
          </li>
        ))}
      </ul>
    </>
  );
}
