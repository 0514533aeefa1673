/** The list of what is fuzzed. Loaded only once coverage counts, because code that was compiled before is not counted. */
import type { Fuzzed } from './target.ts';

const underTest = ['/packages/wire/postgres/src/', '/packages/languages/postgres-sql/src/'];

export function isUnderTest(url: string): boolean {
  return underTest.some((folder) => url.includes(folder)) && !url.includes('/testing/') && !url.includes('/fixtures/');
}

const loaders: Readonly<Record<string, () => Promise<Fuzzed>>> = {
  framing: async () => (await import('./targets/framing.ts')).framing,
  relay: async () => (await import('./targets/relay.ts')).relay,
  facts: async () => (await import('./targets/facts.ts')).facts,
  session: async () => (await import('./targets/session.ts')).session,
  messages: async () => (await import('./targets/messages.ts')).messages,
};

export const targetNames = Object.keys(loaders);

/** `only`: names of the list; throws for one that is not there. */
export async function loadTargets(only: readonly string[] = targetNames): Promise<Fuzzed[]> {
  const loaded: Fuzzed[] = [];
  for (const name of only) {
    const load = loaders[name];
    if (load === undefined) throw new Error(`no target ${name}; there are ${targetNames.join(', ')}`);
    loaded.push(await load());
  }
  return loaded;
}
