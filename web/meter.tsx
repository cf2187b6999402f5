/** A level from −60 dBov to 0. */
export function Meter({
  side,
  label,
  dbov = -127,
}: {
  readonly side: string;
  readonly label: string;
  readonly dbov?: number | undefined;
}) {
  const part = Math.max(0, Math.min(1, (dbov + 60) / 60));
  return (
    <span class={`meter ${side}`} role="img" aria-label={label} title={label}>
      <span style={{ transform: `scaleX(${part.toFixed(2)})` }} />
    </span>
  );
}
