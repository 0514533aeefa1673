/** What changing a setting means for the facts: harmless, moving names, another role, or widening. */
import type { FactsBuilder } from './facts-builder.ts';
import { judgeSetting } from './settings.ts';

export interface SettingChange {
  readonly name: string;
  /** Null: DEFAULT, or several values that have no single text. */
  readonly value: string | null;
  readonly local: boolean;
}

/** Notes `SET name = value` by whatever statement or function. */
export function noteSetting(facts: FactsBuilder, change: SettingChange): void {
  const name = change.name.toLowerCase();
  const object = { type: 'setting', schema: null, name } as const;
  if (name === 'role' || name === 'session_authorization') {
    facts.raise('privilege');
    facts.effect('widen', object);
    const role =
      change.value === null || change.value.toLowerCase() === 'none' || change.value.toLowerCase() === 'default'
        ? null
        : change.value;
    facts.session(name === 'role' ? { type: 'role', role } : { type: 'session-authorization', role });
    return;
  }
  facts.effect('set', object);
  facts.session({ type: 'set', name, value: change.value, local: change.local });
  if (judgeSetting(name, change.value) === 'widen') {
    facts.raise('privilege');
    facts.effect('widen', object);
  }
}
