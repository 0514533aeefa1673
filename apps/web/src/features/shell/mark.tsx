/** The sluice gate: two posts, a gate half up, and what flows under it. */
export function Mark({ className }: { readonly className?: string }) {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" className={className}>
      <rect width="32" height="32" rx="7" fill="var(--accent)" />
      <g stroke="var(--accent-ink)" strokeLinecap="round" fill="none">
        <path d="M8 6v20M24 6v20" strokeWidth="3" />
        <path d="M11.5 22c1.500-1.600 3-1.600 4.500 0s3 1.600 4.500 0" strokeWidth="2.200" />
      </g>
      <path d="M12 8h8v9h-8z" fill="var(--accent-ink)" />
    </svg>
  );
}
