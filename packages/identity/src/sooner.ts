/** The earlier of two ends; null: no end. */
export function sooner(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}
