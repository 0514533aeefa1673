/** The real language, read in this process: tests send nothing that would break its grammar. */
import type { ReadOutcome } from '@sluice/domain';
import { postgresSql } from '@sluice/language-postgres-sql';
import type { FactsReader } from '@sluice/wire-kit';

export async function languageFacts(): Promise<FactsReader> {
  await postgresSql.load();
  const cache = new Map<string, ReadOutcome>();
  return {
    read: ({ text, session, sessionKey, catalogue }) => {
      const key = `${sessionKey} ${catalogue?.id ?? ''} ${text}`;
      const known = cache.get(key);
      if (known !== undefined) return known;
      const outcome = postgresSql.read(text, { session, catalogue: catalogue?.data ?? null });
      cache.set(key, outcome);
      return outcome;
    },
  };
}
