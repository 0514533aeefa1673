import { z } from 'zod';

/** Keys of one selector, and values that one key may have: people write and read them. */
const maxKeys = 16;
const maxValues = 32;

/**
 * Chooses connections by their labels: every key must be there with one of its values. An empty selector chooses every connection,
 * those without labels included.
 */
export const labelSelectorSchema = z
  .record(z.string().min(1).max(63), z.array(z.string().max(255)).min(1).max(maxValues))
  .refine((selector) => Object.keys(selector).length <= maxKeys, `a selector has at most ${maxKeys} labels`);
export type LabelSelector = z.infer<typeof labelSelectorSchema>;

/** Whether a connection with these labels is chosen. */
export function matchesLabels(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(selector).every(([key, values]) => Object.hasOwn(labels, key) && values.includes(labels[key]!));
}

/** `env is prod or staging and team is shop`; `every connection` for the empty selector. */
export function describeSelector(selector: LabelSelector): string {
  const parts = Object.entries(selector).map(([key, values]) => `${key} is ${values.join(' or ')}`);
  return parts.length === 0 ? 'every connection' : `connections where ${parts.join(' and ')}`;
}
