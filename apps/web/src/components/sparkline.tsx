const width = 96;
const height = 20;

/** Bars of a day, one per hour; the numbers are in the label for those who do not see them. */
export function Sparkline({ values, label }: { readonly values: readonly number[]; readonly label: string }) {
  const top = Math.max(1, ...values);
  const total = values.reduce((sum, value) => sum + value, 0);
  const step = width / Math.max(1, values.length);
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-label={`${label}: ${total} in all, at most ${Math.max(0, ...values)}`}
    >
      <title>{`${total.toLocaleString('en')} statements in 24 h`}</title>
      {values.map((value, index) => {
        const bar = value === 0 ? 1 : Math.max(2, (value / top) * height);
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: a bar is its hour.
            key={index}
            x={index * step + 0.5}
            y={height - bar}
            width={Math.max(1, step - 1)}
            height={bar}
            rx="0.5"
            fill={value === 0 ? 'var(--line-strong)' : 'var(--accent)'}
          />
        );
      })}
    </svg>
  );
}
