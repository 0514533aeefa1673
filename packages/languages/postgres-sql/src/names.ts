/** Resolves the names of relations and functions as the server would, and says when that is not provable. */
import type { ColumnRef, ObjectRef } from '@sluice/domain';
import type { CatalogueFunction, CatalogueRelation, PostgresCatalogue, PostgresSessionState } from './context.ts';
import { withOwn } from './own-catalogue.ts';
import { informationSchemaFunctions, steadySystemFunctions, volatileSystemFunctions } from './system-functions.ts';
import { type SystemRelation, systemRelations } from './system-relations.ts';

export interface ResolvedRelation {
  readonly ref: ObjectRef;
  /** What the target's catalogue says; null for system relations it does not list and for unknown ones. */
  readonly relation: CatalogueRelation | null;
  readonly system: SystemRelation | null;
  /** Why the relation is not known; null when it is. */
  readonly problem: string | null;
}

export type ResolvedFunction =
  | { readonly origin: 'system'; readonly name: string }
  | {
      readonly origin: 'user';
      readonly ref: ObjectRef;
      /** Why the call is not provable; read only where `candidates` is empty. */
      readonly because: string;
      /** Every function that may be meant, by name alone; empty: not known which. */
      readonly candidates: readonly CatalogueFunction[];
      /** True when one of pg_catalog may be meant as well: overloading picks the best match. */
      readonly orSystem: boolean;
    };

interface CatalogueIndex {
  readonly relations: ReadonlyMap<string, CatalogueRelation>;
  readonly byOid: ReadonlyMap<number, CatalogueRelation>;
  readonly relationsByName: ReadonlyMap<string, readonly CatalogueRelation[]>;
  /** Schemas that have a function of this name, without pg_catalog. */
  readonly functionSchemas: ReadonlyMap<string, readonly string[]>;
  /** By `placeOf`, without the server's own. */
  readonly functions: ReadonlyMap<string, readonly CatalogueFunction[]>;
  readonly functionsByOid: ReadonlyMap<number, CatalogueFunction>;
  /** Operators and domains outside pg_catalog, by name. */
  readonly operators: ReadonlyMap<string, PostgresCatalogue['operators']>;
  readonly domains: ReadonlyMap<string, PostgresCatalogue['domains']>;
  readonly casts: ReadonlyMap<string, PostgresCatalogue['casts']>;
  readonly silentCasts: readonly number[];
  readonly schemas: ReadonlySet<string>;
  readonly systemFunctions: ReadonlySet<string>;
}

/** The worker keeps one catalogue object for many statements; its index is built once. */
const indexes = new WeakMap<PostgresCatalogue, CatalogueIndex>();

const systemSchemas = ['pg_catalog', 'information_schema'];
const everything = '*';
/** Object identifier types: the system has no functions of these names. */
const aliasTypes: ReadonlySet<string> = new Set(
  'regclass regcollation regconfig regdictionary regnamespace regoper regoperator regproc regprocedure regrole regtype'.split(
    ' ',
  ),
);
/** The name by which every session calls its own temporary schema. */
const temporarySchema = 'pg_temp';

export class Names {
  readonly session: PostgresSessionState;
  readonly catalogue: PostgresCatalogue | null;
  private readonly index: CatalogueIndex | null;
  private readonly touched: ReadonlySet<string>;
  private sessionKey: string | null = null;

  /** Equal keys: every name means the same. */
  get key(): string {
    const { database, role, searchPath, touched, temporaryObjectsKnown, own } = this.session;
    this.sessionKey ??= JSON.stringify([database, role, searchPath, touched, temporaryObjectsKnown, own?.key ?? null]);
    return this.sessionKey;
  }

  constructor(session: PostgresSessionState, catalogue: PostgresCatalogue | null) {
    this.session = session;
    this.catalogue = withOwn(catalogue, session.own);
    this.index = this.catalogue === null ? null : indexOf(this.catalogue);
    this.touched = new Set(session.touched);
  }

  relation(schema: string | null, name: string): ResolvedRelation {
    if (schema !== null) return this.qualifiedRelation(schema, name);
    const path = this.relationPath();
    if (path === null)
      return unknownRelation(null, name, 'names a relation without its schema while the search path is not known');
    if (!this.session.temporaryObjectsKnown) {
      return unknownRelation(
        this.firstHolder(path, name),
        name,
        'names a relation that a temporary one may stand in front of',
      );
    }
    for (const schemaOfPath of path) {
      // The path holds this session's own temporary schema only.
      const candidate = isTemporarySchema(schemaOfPath) ? temporarySchema : schemaOfPath;
      if (this.touched.has(`${candidate}.${name}`)) return this.qualifiedRelation(candidate, name);
      if (this.exists(candidate, name)) return this.qualifiedRelation(candidate, name);
    }
    const because =
      this.catalogue === null
        ? 'reads a relation while the target’s catalogue is not known'
        : `names the relation ${name}, which the catalogue does not have`;
    return unknownRelation(path.find((candidate) => candidate !== 'pg_catalog') ?? null, name, because);
  }

  /**
   * Where an unqualified CREATE puts its object; null when not known. A temporary schema is first on the path where none was asked for:
   * behind pg_catalog it stands because `search_path` names it before all others, and takes what is made.
   */
  creationSchema(): string | null {
    const path = this.session.searchPath;
    const asked = path?.filter((schema, at) => schema !== 'pg_catalog' && (at > 0 || !isTemporarySchema(schema)));
    if (asked?.[0] !== undefined && isTemporarySchema(asked[0])) return temporarySchema;
    return path?.find((schema) => !systemSchemas.includes(schema) && !isTemporarySchema(schema)) ?? null;
  }

  function(schema: string | null, name: string): ResolvedFunction {
    const builtIn =
      steadySystemFunctions.has(name) ||
      volatileSystemFunctions.has(name) ||
      this.index?.systemFunctions.has(name) === true;
    if (schema !== null && this.index?.functions.has(placeOf(schema, name)) === true)
      return this.userFunctions([schema], name, builtIn && schema === 'pg_catalog');
    if (schema === 'pg_catalog') {
      return builtIn
        ? { origin: 'system', name }
        : userFunction(schema, name, 'calls a function of pg_catalog that is not known');
    }
    if (schema === 'information_schema' && informationSchemaFunctions.has(name)) return { origin: 'system', name };
    if (schema !== null) return this.userFunctions([schema], name, false);
    const holders = this.functionHolders(name);
    if (holders === null)
      return userFunction(null, name, 'calls a function without its schema while the search path is not known');
    if (holders.length > 0) return this.userFunctions(holders, name, builtIn);
    // `regclass('x')` is a cast where no function has the name.
    const isCast = aliasTypes.has(name) && this.index?.domains.has(typeKey(name)) === false;
    return builtIn || isCast
      ? { origin: 'system', name }
      : userFunction(null, name, `calls the function ${name}, which is not known`);
  }

  /** False where the target's catalogue could not be read, or was beyond its bounds and counts as empty. */
  get hasCatalogue(): boolean {
    return this.catalogue !== null && this.catalogue.functions.length > 0;
  }

  functionByOid(oid: number): CatalogueFunction | null {
    return this.index?.functionsByOid.get(oid) ?? null;
  }

  /** Of these, by `schema.name`, the ones that people made and that claim to be immutable. */
  immutableAmong(functions: ReadonlySet<string>): readonly CatalogueFunction[] {
    return (this.catalogue?.functions ?? []).filter(
      (one) => one.volatility === 'immutable' && isForeign(one) && functions.has(`${one.schema}.${one.name}`),
    );
  }

  /** Functions behind the operators of this name that may be meant; null when the qualified name is of no operator that is known. */
  operatorFunctions(schema: string | null, name: string): readonly number[] | null {
    const operators = this.index?.operators.get(name) ?? [];
    if (schema !== null) {
      const named = operators.filter((operator) => operator.schema === schema);
      return named.length === 0 || this.touched.has(everything) ? null : named.map((operator) => operator.function);
    }
    if (this.touched.has(everything)) return null;
    const path = this.session.searchPath;
    return operators
      .filter(({ schema: holder }) => path === null || holder === 'pg_catalog' || path.includes(holder))
      .map((operator) => operator.function);
  }

  /** False: people made an operator of this name whose answer is no boolean. */
  isComparison(name: string): boolean {
    return this.index?.operators.get(name)?.every((operator) => operator.comparison) ?? true;
  }

  /** True when this session's transaction changed it, so that the catalogue tells how it was. */
  isTouched(schema: string, name: string): boolean {
    return this.touched.has(everything) || this.touched.has(`${schema}.${name}`);
  }

  /** The same of a type by its name alone, also where a value is an array of it. */
  isTouchedType(written: string): boolean {
    if (this.touched.size === 0) return false;
    const key = typeKey(written);
    return [...this.touched].some((object) => object === everything || typeKey(object) === key);
  }

  /** True when this session's transaction changed anything that the catalogue may not show. */
  get isMoving(): boolean {
    return this.touched.size > 0;
  }

  /** True when the catalogue has anything in a schema of this name. */
  hasSchema(name: string): boolean {
    return this.index === null || this.index.schemas.has(name);
  }

  /** Functions of casts outside pg_catalog that are applied without being asked for. */
  silentCasts(): readonly number[] {
    return this.index?.silentCasts ?? [];
  }

  /** Functions of casts outside pg_catalog that making a value of this type by a written cast may run. */
  castFunctions(written: string): readonly number[] {
    const casts = this.index?.casts;
    if (casts === undefined || casts.size === 0) return [];
    return [...this.typesWithin(written)].flatMap((key) => casts.get(key)?.map((cast) => cast.function) ?? []);
  }

  /** True when making a value of some type runs functions that may do more than compute. */
  get hasActingTypes(): boolean {
    return this.index !== null && this.index.domains.size > 0;
  }

  /** Functions that making a value of this type runs: a domain's checks, also inside arrays, ranges and row types. */
  typeFunctions(written: string): readonly number[] {
    const domains = this.index?.domains;
    if (domains === undefined || domains.size === 0) return [];
    const found = new Set<number>();
    for (const key of this.typesWithin(written))
      for (const domain of domains.get(key) ?? []) for (const oid of domain.functions) found.add(oid);
    return [...found];
  }

  /** The type and all that its values are made of, by `typeKey`: schemas are left aside, which can only find more. */
  private typesWithin(written: string): ReadonlySet<string> {
    const seen = new Set<string>();
    // `relation.column%TYPE` names no type: all columns of the relation count.
    const waiting = [written, ...(/%type/i.test(written) ? [written.replace(/\.[^.]*$/, '')] : [])];
    for (let type = waiting.pop(); type !== undefined; type = waiting.pop()) {
      const key = typeKey(type);
      if (seen.has(key)) continue;
      seen.add(key);
      for (const domain of this.index?.domains.get(key) ?? []) waiting.push(domain.on);
      for (const relation of this.index?.relationsByName.get(key) ?? [])
        waiting.push(...relation.columns.map((column) => column.type));
    }
    return seen;
  }

  /**
   * True when a literal of this type runs a domain's checks as soon as the statement is parsed: the domain is inside an array, a row
   * or a range, whose input function reads it at once.
   */
  checksWhileParsed(written: string, array = false): boolean {
    if (this.index === null || this.index.domains.size === 0) return false;
    const name = typeKey(written);
    if (array || /^_|\]$/.test(written)) return this.typeFunctions(written).length > 0;
    // Not by its key alone: an array's differs from its element's in nothing but the name.
    const itself = (this.index.domains.get(name) ?? []).filter((domain) => domain.name === written);
    if (itself.some((domain) => domain.whileParsed === true)) return true;
    return (this.index.relationsByName.get(name) ?? []).some((relation) =>
      relation.columns.some((column) => this.typeFunctions(column.type).length > 0),
    );
  }

  private userFunctions(holders: readonly string[], name: string, orSystem: boolean): ResolvedFunction {
    const [first = null] = holders;
    const changed = this.touched.has(everything) || holders.some((holder) => this.touched.has(`${holder}.${name}`));
    const candidates = changed
      ? []
      : holders.flatMap((holder) => this.index?.functions.get(placeOf(holder, name)) ?? []);
    const because = changed
      ? `calls the function ${first}.${name}, whose definition this transaction changed`
      : `calls the function ${first}.${name}, whose body is not known`;
    return { ...userFunction(first, name, because), candidates, orSystem };
  }

  /** True when some function outside the system schemas has this name: `row.name` may then be a call of it. */
  mayBeFunction(name: string): boolean {
    if (this.index === null) return true;
    return (
      this.index.functionSchemas.has(name) ||
      [...this.touched].some((object) => object === everything || object.endsWith(`.${name}`))
    );
  }

  /** The stored relations and columns behind a view, with what is behind views under it; the bound is the catalogue's size. */
  behind(view: CatalogueRelation): {
    readonly relations: readonly ObjectRef[];
    readonly columns: readonly ColumnRef[];
  } {
    const relations = new Map<number, ObjectRef>();
    const columns = new Map<string, ColumnRef>();
    const waiting = [view];
    for (let current = waiting.pop(); current !== undefined; current = waiting.pop()) {
      for (const { relation: oid, attribute } of current.dependsOn) {
        const relation = this.index?.byOid.get(oid);
        if (relation === undefined || relation === view) continue;
        if (!relations.has(oid)) {
          relations.set(oid, refOf(relation));
          if (relation.dependsOn.length > 0) waiting.push(relation);
        }
        for (const column of relation.columns) {
          if (attribute === 0 || column.attribute === attribute) {
            columns.set(`${oid}.${column.attribute}`, {
              schema: relation.schema,
              relation: relation.name,
              column: column.name,
            });
          }
        }
      }
    }
    return { relations: [...relations.values()], columns: [...columns.values()] };
  }

  /** What a relation inherits from or is a partition of, at any height, and what inherits from it; without itself. */
  family(relation: CatalogueRelation): readonly CatalogueRelation[] {
    const found = new Map<number, CatalogueRelation>();
    this.follow(relation.parents, (one) => one.parents, found);
    this.follow(relation.children, (one) => one.children, found);
    return [...found.values()];
  }

  /** What inherits from a relation, or is a partition of it, at any height; without itself. */
  descendants(relation: CatalogueRelation): readonly CatalogueRelation[] {
    const found = new Map<number, CatalogueRelation>();
    this.follow(relation.children, (one) => one.children, found);
    return [...found.values()];
  }

  private follow(
    oids: readonly number[],
    next: (one: CatalogueRelation) => readonly number[],
    found: Map<number, CatalogueRelation>,
  ): void {
    for (const oid of oids) {
      const one = this.byOid(oid);
      if (one === null || found.has(oid)) continue;
      found.set(oid, one);
      this.follow(next(one), next, found);
    }
  }

  byOid(oid: number): CatalogueRelation | null {
    return this.index?.byOid.get(oid) ?? null;
  }

  private qualifiedRelation(schema: string, name: string): ResolvedRelation {
    if (isTemporarySchema(schema) && !this.isOwnTemporary(schema))
      return unknownRelation(schema, name, 'names a temporary relation, whose shape is not known');
    if (isTemporarySchema(schema) && schema !== temporarySchema) return this.qualifiedRelation(temporarySchema, name);
    const relation = this.index?.relations.get(placeOf(schema, name)) ?? null;
    const system = systemRelations.get(`${schema}.${name}`) ?? null;
    const ref: ObjectRef = { type: 'relation', schema, name };
    if (system !== null) return { ref, relation, system, problem: null };
    if (this.touched.has(everything) || this.touched.has(`${schema}.${name}`)) {
      return { ref, relation, system, problem: 'names a relation whose definition this transaction changed' };
    }
    if (relation !== null) return { ref, relation, system, problem: null };
    const because =
      this.catalogue === null
        ? 'reads a relation while the target’s catalogue is not known'
        : `names the relation ${schema}.${name}, which the catalogue does not have`;
    return { ref, relation, system, problem: because };
  }

  /** True for the session's own temporary schema while what it holds is known. */
  private isOwnTemporary(schema: string): boolean {
    if (!this.session.temporaryObjectsKnown || (this.session.own ?? null) === null) return false;
    return schema === temporarySchema || this.session.searchPath?.includes(schema) === true;
  }

  private exists(schema: string, name: string): boolean {
    return this.index?.relations.has(placeOf(schema, name)) === true || systemRelations.has(`${schema}.${name}`);
  }

  private firstHolder(path: readonly string[], name: string): string | null {
    return path.find((schema) => this.exists(schema, name)) ?? null;
  }

  /** pg_catalog is searched first unless the path names it elsewhere. */
  private relationPath(): readonly string[] | null {
    const path = this.session.searchPath;
    if (path === null) return null;
    return path.includes('pg_catalog') ? path : ['pg_catalog', ...path];
  }

  /**
   * Schemas outside the system's that may hold a function of this name. Overloading picks the best match over the whole path, so a
   * function of pg_catalog counts as meant only when no other schema on the path has its name. The temporary schema is never searched.
   */
  private functionHolders(name: string): readonly string[] | null {
    const path = this.session.searchPath;
    const changed = this.session.touched
      .filter((object) => object.endsWith(`.${name}`))
      .map((object) => object.slice(0, -name.length - 1));
    if (this.index === null) {
      const usual = path?.every((schema) => ['pg_catalog', 'public', this.session.role].includes(schema)) === true;
      return usual && !this.touched.has(everything) ? changed : null;
    }
    const holders = [...(this.index.functionSchemas.get(name) ?? []), ...changed];
    if (this.touched.has(everything)) return null;
    return path === null ? holders : holders.filter((schema) => schema === 'pg_catalog' || path.includes(schema));
  }
}

/** FirstNormalObjectId of transam.h: the server's own objects have smaller numbers, whatever schema people put theirs in. */
const firstUserOid = 16_384;

/** Made by people. */
export function isForeign(called: CatalogueFunction): boolean {
  return called.oid >= firstUserOid;
}

export function isTemporarySchema(schema: string): boolean {
  return schema === 'pg_temp' || /^pg_(temp|toast_temp)_/.test(schema);
}

function refOf(relation: CatalogueRelation): ObjectRef {
  return { type: 'relation', schema: relation.schema, name: relation.name };
}

function unknownRelation(schema: string | null, name: string, problem: string): ResolvedRelation {
  return { ref: { type: 'relation', schema, name }, relation: null, system: null, problem };
}

function userFunction(
  schema: string | null,
  name: string,
  because: string,
): ResolvedFunction & { readonly origin: 'user' } {
  return { origin: 'user', ref: { type: 'function', schema, name }, because, candidates: [], orSystem: false };
}

/** Longest part of a type's name that is compared: an array's name is its element's behind `_`, cut to 63 bytes. */
const comparedTypeName = 60;

/**
 * `public.word[]`, `_word`, `"a.word"` → `word`. Made so that one type has one key however it is written or printed; that others may
 * share it can only find more.
 */
function typeKey(written: string): string {
  const bare = written
    .replaceAll('"', '')
    .replace(/%.*$/, '')
    .replace(/(\(.*\))?(\[\d*\])*$/, '');
  return (bare.split('.').at(-1) ?? '').replace(/^_+/, '').slice(0, comparedTypeName);
}

/** A key that no two places share, whatever dots their names have. */
function placeOf(schema: string, name: string): string {
  return `${schema}\u0000${name}`;
}

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

function indexOf(catalogue: PostgresCatalogue): CatalogueIndex {
  const known = indexes.get(catalogue);
  if (known !== undefined) return known;
  const functionSchemas = new Map<string, string[]>();
  const systemFunctions = new Set<string>();
  for (const one of catalogue.functions) {
    const { schema, name, volatility } = one;
    if (isForeign(one)) {
      const schemas = functionSchemas.get(name) ?? [];
      if (!schemas.includes(schema)) schemas.push(schema);
      functionSchemas.set(name, schemas);
    }
    // A newer server's function that no table here has decided about: known only as far as it cannot act.
    else if (schema === 'pg_catalog' && volatility !== 'volatile') systemFunctions.add(name);
  }
  const index: CatalogueIndex = {
    relations: new Map(catalogue.relations.map((relation) => [placeOf(relation.schema, relation.name), relation])),
    byOid: new Map(catalogue.relations.map((relation) => [relation.oid, relation])),
    relationsByName: grouped(catalogue.relations, ({ name }) => typeKey(name)),
    functionSchemas,
    functions: grouped(catalogue.functions.filter(isForeign), ({ schema, name }) => placeOf(schema, name)),
    functionsByOid: new Map(catalogue.functions.map((one) => [one.oid, one])),
    operators: grouped(catalogue.operators, ({ name }) => name),
    domains: grouped(catalogue.domains, ({ name }) => typeKey(name)),
    casts: grouped(catalogue.casts, ({ type }) => typeKey(type)),
    silentCasts: catalogue.casts.filter((cast) => !cast.explicit).map((cast) => cast.function),
    schemas: new Set([...catalogue.relations, ...catalogue.functions].map(({ schema }) => schema)),
    systemFunctions,
  };
  indexes.set(catalogue, index);
  return index;
}
