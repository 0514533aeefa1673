/** The shared knowledge of a target as one session sees it: with its own temporary objects and those of its open transaction. */
import type { ColumnRef, ReadOutcome } from '@sluice/domain';
import type { CatalogueRelation, PostgresCatalogue } from '@sluice/language-postgres-sql';
import { type LoadedCatalogue, nameKey } from './catalogue.ts';
import type { PostgresKnowledge } from './knowledge.ts';
import type { OwnView } from './own-catalogue.ts';
import type { PostgresTarget } from './target-side.ts';

export class SessionKnowledge {
  readonly #shared: PostgresKnowledge;
  readonly #session: { readonly own: OwnView | null };

  constructor(shared: PostgresKnowledge, session: { readonly own: OwnView | null }) {
    this.#shared = shared;
    this.#session = session;
  }

  /** The shared catalogue: what is the session's own travels with its state. */
  catalogue(): { readonly id: string; readonly data: PostgresCatalogue } | null {
    return this.#shared.catalogue();
  }

  get loaded(): LoadedCatalogue | null {
    return this.#shared.loaded;
  }

  /** Runs a task on a control session of the gateway's own, which sees what is committed. */
  control<Result>(task: (session: PostgresTarget) => Promise<Result>): Promise<Result> {
    return this.#shared.control.use(task);
  }

  /** True also where it is not known. */
  get hasActingDomains(): boolean {
    const own = this.#session.own?.loaded.data.domains.length ?? 0;
    return own > 0 || this.#shared.loaded?.data.domains.length !== 0;
  }

  relation(oid: number): CatalogueRelation | undefined {
    return this.#session.own?.loaded.byOid.get(oid) ?? this.#shared.relation(oid);
  }

  columnType(column: ColumnRef): string | null {
    const own = this.#session.own?.loaded.byName.get(nameKey(column.schema ?? 'public', column.relation));
    const stored = own?.columns.find((one) => one.name === column.column);
    return stored?.type ?? this.#shared.columnType(column);
  }

  /** Equal strings mean equal definitions of everything that the outcome's statements name. */
  definitions(outcome: ReadOutcome): string {
    const shared = this.#shared.definitions(outcome);
    const own = this.#session.own?.catalogue.key;
    return shared === 'unknown' || own === undefined ? shared : `${shared}+${own}`;
  }

  refresh(): Promise<void> {
    return this.#shared.refresh();
  }

  refreshAfterNow(): Promise<void> {
    return this.#shared.refreshAfterNow();
  }
}

export const actingParameter = 'it names a parameter type whose values may run functions';

/** FirstNormalObjectId of transam.h. */
const firstUserOid = 16_384;

/**
 * A Parse may name its parameters' types by number, where no text shows them: reading a bound value of a domain runs its checks. Only
 * where some domain's checks do more than compute are people's own types refused there; in the text they are read.
 */
export function mayActAsParameter(knowledge: SessionKnowledge | null, type: number): boolean {
  return type >= firstUserOid && knowledge?.hasActingDomains !== false;
}
