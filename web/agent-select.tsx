import { session } from './api.ts';
import { texts } from './texts.ts';

/** One agent, or all of them: ''. */
export function AgentSelect({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (agent: string) => void;
}) {
  const t = texts.value;
  return (
    <select
      aria-label={t.agent}
      value={value}
      onChange={(event) => {
        onChange(event.currentTarget.value);
      }}
    >
      <option value="">{t.anyAgent}</option>
      {session.value?.agents.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  );
}
