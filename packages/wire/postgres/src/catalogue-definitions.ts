/** From the rows of `definition-queries.ts` to what each relation, function, operator, cast and domain runs. */
import type {
  CatalogueBody,
  CatalogueFunction,
  CatalogueParameter,
  CatalogueReference,
  CatalogueRelation,
  CatalogueRule,
  CatalogueTrigger,
  PostgresCatalogue,
  StoredQueries,
} from '@sluice/language-postgres-sql';
import { numbersIn, readNumbers, type StoredNumbers, storedQueries } from './stored-trees.ts';
import type { TextRows } from './target-side.ts';

type Row = TextRows[number];

export interface DefinitionRows {
  readonly triggers: TextRows;
  readonly rules: TextRows;
  readonly expressions: TextRows;
  readonly references: TextRows;
  readonly inheritance: TextRows;
  readonly sequences: TextRows;
  readonly bodies: TextRows;
  readonly operators: TextRows;
  readonly casts: TextRows;
  readonly domains: TextRows;
  readonly eventTriggers: TextRows;
}

export const noDefinitions: DefinitionRows = {
  triggers: [],
  rules: [],
  expressions: [],
  references: [],
  inheritance: [],
  sequences: [],
  bodies: [],
  operators: [],
  casts: [],
  domains: [],
  eventTriggers: [],
};

/** FirstNormalObjectId of transam.h. */
const firstUserOid = 16_384;

/** What a relation's definitions add to it. */
export type RelationDefinitions = Pick<
  CatalogueRelation,
  | 'triggers'
  | 'rules'
  | 'referencedBy'
  | 'parents'
  | 'children'
  | 'sequences'
  | 'readFunctions'
  | 'writeFunctions'
  | 'definitionsKnown'
>;

interface Domain {
  readonly schema: string;
  readonly name: string;
  readonly base: number;
  /** True for an array or a range: `base` is what it holds, and a literal of it is read while a statement is parsed. */
  readonly holds: boolean;
  readonly baseName: string;
  readonly own: StoredNumbers;
}

/** Bits of pg_trigger.tgtype (pg_trigger.h). */
const triggerVerbs = { insert: 4, delete: 8, update: 16, truncate: 32 } as const;
const insteadBit = 64;
const ruleVerbs: Readonly<Record<string, CatalogueRule['verb']>> = {
  1: 'select',
  2: 'update',
  3: 'insert',
  4: 'delete',
};
const actions: Readonly<Record<string, CatalogueReference['onDelete']>> = { c: 'cascade', n: 'set', d: 'set' };
const modes: Readonly<Record<string, CatalogueParameter['mode']>> = {
  i: 'in',
  o: 'out',
  b: 'inout',
  v: 'variadic',
  t: 'table',
};

export class Definitions {
  readonly #serverVersion: number;
  readonly #computing: ReadonlySet<number>;
  readonly #domains: ReadonlyMap<number, Domain>;
  readonly #triggers: ReadonlyMap<number, readonly Row[]>;
  readonly #rules: ReadonlyMap<number, readonly Row[]>;
  readonly #expressions: ReadonlyMap<number, readonly Row[]>;
  readonly #references: ReadonlyMap<number, readonly Row[]>;
  readonly #parents: ReadonlyMap<number, readonly Row[]>;
  readonly #children: ReadonlyMap<number, readonly Row[]>;
  readonly #sequences: ReadonlyMap<number, readonly Row[]>;
  readonly #bodies: ReadonlyMap<number, Row>;
  readonly #rows: DefinitionRows;

  /** `computing`: functions of the server that only compute, whatever calls them; they are left out of every list. */
  constructor(rows: DefinitionRows, serverVersion: number, computing: ReadonlySet<number>) {
    this.#rows = rows;
    this.#serverVersion = serverVersion;
    this.#computing = computing;
    this.#domains = new Map(
      rows.domains.map((row) => [
        Number(row[0]),
        {
          schema: row[1] ?? '',
          name: row[2] ?? '',
          base: Math.abs(Number(row[3])),
          holds: Number(row[3]) < 0,
          baseName: row[5] ?? '',
          own: readNumbers(row[4] ?? null),
        },
      ]),
    );
    this.#triggers = byFirst(rows.triggers);
    this.#rules = byFirst(rows.rules);
    this.#expressions = byFirst(rows.expressions);
    this.#references = byFirst(rows.references);
    this.#parents = byFirst(rows.inheritance);
    this.#children = byFirst(rows.inheritance.map((row) => [row[1] ?? null, row[0] ?? null]));
    this.#sequences = byFirst(rows.sequences);
    this.#bodies = new Map(rows.bodies.map((row) => [Number(row[0]), row]));
  }

  /** `viewTree`: the stored query of a view; null: it is none; undefined: it could not be read. */
  relation(oid: number, viewTree: string | null | undefined): RelationDefinitions {
    const triggers = this.#of(this.#triggers, oid);
    const expressions = this.#of(this.#expressions, oid);
    const numbers = (kind: string): StoredNumbers[] =>
      expressions.filter((row) => row[1] === kind).map((row) => readNumbers(row[2] ?? null));
    const conditions = triggers.map((row) => readNumbers(row[4] ?? null));
    return {
      triggers: triggers.map(triggerOf),
      rules: this.#of(this.#rules, oid).map((row) => this.#rule(row)),
      referencedBy: this.#of(this.#references, oid).map(referenceOf),
      parents: this.#of(this.#parents, oid).map((row) => Number(row[1])),
      children: this.#of(this.#children, oid).map((row) => Number(row[1])),
      sequences: [...new Set(this.#of(this.#sequences, oid).map((row) => Number(row[1])))],
      readFunctions: this.#called([...numbers('read'), ...(viewTree ? [numbersIn(viewTree)] : [])]),
      writeFunctions: this.#called([...numbers('write'), ...numbers('read'), ...conditions]),
      definitionsKnown: viewTree !== undefined,
    };
  }

  body(oid: number): CatalogueBody | null {
    const row = this.#bodies.get(oid);
    if (row === undefined) return null;
    const tree = row[9] ?? null;
    const support = (row[11] ?? '').split(' ').map(Number);
    const further = { functions: support.filter((one) => one > 0), types: [] };
    const stored = tree === null ? null : storedQueries(tree, this.#serverVersion);
    const functions = this.#called([tree === null ? none : numbersIn(tree), further, readNumbers(row[12] ?? null)]);
    const hasStored = stored !== null || functions.length > 0 || row[11] !== null;
    return {
      text: tree === null ? (row[8] ?? null) : null,
      stored: hasStored ? { commands: stored?.commands ?? [], relations: stored?.relations ?? [], functions } : null,
      extension: row[10] ?? null,
      parameters: parametersOf(row),
      returns: row[6] ?? '',
      returnsRelation: Number(row[7] ?? 0),
      owner: row[1] ?? '',
      settings: listOf(row[2] ?? null),
    };
  }

  get operators(): PostgresCatalogue['operators'] {
    return this.#rows.operators.map((row) => ({
      schema: row[0] ?? '',
      name: row[1] ?? '',
      function: Number(row[2]),
      comparison: row[3] === 't',
    }));
  }

  get casts(): PostgresCatalogue['casts'] {
    return this.#rows.casts.map((row) => ({ type: row[0] ?? '', function: Number(row[1]), explicit: row[2] === 'e' }));
  }

  get domains(): PostgresCatalogue['domains'] {
    return [...this.#domains].flatMap(([oid, { schema, name, base, baseName }]) => {
      const functions = this.#called([{ functions: [], types: [oid] }]);
      // On a type that people made there may be another domain inside.
      if (functions.length === 0 && base < firstUserOid) return [];
      return [{ schema, name, functions, on: baseName, whileParsed: this.#whileParsed(oid) }];
    });
  }

  /** A bare domain's checks wait for the execution; those inside an array or a range run when its literal is read. */
  #whileParsed(oid: number): boolean {
    for (let type = this.#domains.get(oid); type !== undefined; type = this.#domains.get(type.base))
      if (type.holds) return this.#called([{ functions: [], types: [type.base] }]).length > 0;
    return false;
  }

  get eventTriggerFunctions(): readonly number[] {
    return this.#rows.eventTriggers.map((row) => Number(row[0]));
  }

  #of(groups: ReadonlyMap<number, readonly Row[]>, oid: number): readonly Row[] {
    return groups.get(oid) ?? [];
  }

  #rule(row: Row): CatalogueRule {
    const condition = row[3] ?? '<>';
    const tree = `${condition} ${row[4] ?? ''}`;
    const { commands, relations } = storedQueries(tree, this.#serverVersion);
    const stored: StoredQueries = { commands, relations, functions: this.#called([numbersIn(tree)]) };
    return {
      verb: ruleVerbs[row[1] ?? ''] ?? 'select',
      instead: row[2] === 't' && condition === '<>',
      actions: stored,
    };
  }

  /** All functions that may act, with those of the domains among the types. */
  #called(numbers: readonly StoredNumbers[]): number[] {
    const functions = new Set<number>();
    const seen = new Set<number>();
    const waiting = [...numbers];
    for (let current = waiting.pop(); current !== undefined; current = waiting.pop()) {
      for (const one of current.functions) if (!this.#computing.has(one)) functions.add(one);
      for (const type of current.types) {
        const domain = this.#domains.get(type);
        if (domain === undefined || seen.has(type)) continue;
        seen.add(type);
        waiting.push(domain.own, { functions: [], types: [domain.base] });
      }
    }
    return [...functions];
  }
}

const none: StoredNumbers = { functions: [], types: [] };

function triggerOf(row: Row): CatalogueTrigger {
  const bits = Number(row[2]);
  const verbs = (['insert', 'update', 'delete', 'truncate'] as const).filter(
    (verb) => (bits & triggerVerbs[verb]) !== 0,
  );
  return { function: Number(row[1]), verbs, instead: (bits & insteadBit) !== 0 };
}

function referenceOf(row: Row): CatalogueReference {
  return {
    relation: Number(row[1]),
    onDelete: actions[row[2] ?? ''] ?? 'none',
    onUpdate: actions[row[3] ?? ''] ?? 'none',
    attributes: row[4] === null || row[4] === undefined ? [] : (JSON.parse(row[4]) as number[]),
  };
}

/** A JSON list of texts that the server made. */
function listOf(text: string | null): readonly string[] {
  return text === null ? [] : (JSON.parse(text) as (string | null)[]).map((one) => one ?? '');
}

function parametersOf(row: Row): CatalogueParameter[] {
  const names = listOf(row[3] ?? null);
  const given = listOf(row[4] ?? null);
  return listOf(row[5] ?? null).map((type, index) => ({
    name: names[index] ?? '',
    mode: modes[given[index] ?? 'i'] ?? 'in',
    type,
  }));
}

function byFirst(rows: TextRows): ReadonlyMap<number, readonly Row[]> {
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const key = Number(row[0]);
    const list = groups.get(key);
    if (list === undefined) groups.set(key, [row]);
    else list.push(row);
  }
  return groups;
}

/** Arguments that a call may have: those with a default may be left out, a variadic one may be many or none. */
export function argumentBounds(row: Row): Pick<CatalogueFunction, 'least' | 'most'> {
  const all = Number(row[9]);
  const variadic = row[11] === 't';
  return { least: all - Number(row[10]) - (variadic ? 1 : 0), most: variadic ? null : all };
}
