import type { ColumnRef, MaskRule, ObjectRef } from '@sluice/domain';
import type { ColumnGlob } from './globs.ts';
import { globMatches, parseColumnGlob } from './globs.ts';
import type { Replacement } from './strategies.ts';
import { strictestFirst } from './strategies.ts';

/** What a rule makes of a value. */
export interface RuleMask extends Replacement {
  readonly rule: string;
}

interface IndexedRule {
  readonly mask: RuleMask;
  readonly globs: readonly ColumnGlob[];
  /** Column parts as JSON keys are compared with them; a part that matches everything is left out. */
  readonly keyGlobs: readonly string[];
}

/** Remembered answers; names come from the target, so their number is not ours. */
const maxRemembered = 10_000;

/** Answers which rule masks a column, a JSON key or a whole row. The strictest strategy wins where several do. */
export class RuleIndex {
  readonly #rules: readonly IndexedRule[];
  readonly #columns = new Map<string, RuleMask | null>();
  readonly #keys = new Map<string, RuleMask | null>();

  constructor(rules: readonly MaskRule[]) {
    const indexed = rules.map((rule) => {
      const globs = rule.columns.map(parseColumnGlob);
      return {
        mask: { rule: rule.rule, strategy: rule.strategy, dataClass: rule.dataClass },
        globs,
        keyGlobs: globs.map((glob) => plainKey(glob.column)).filter((glob) => !/^\**$/.test(glob)),
      };
    });
    const order = (rule: IndexedRule): number => strictestFirst.indexOf(rule.mask.strategy);
    this.#rules = indexed.sort((a, b) => order(a) - order(b));
  }

  column(ref: ColumnRef): RuleMask | null {
    return remembered(this.#columns, `${ref.schema ?? ''}\0${ref.relation}\0${ref.column}`, () =>
      this.#first((rule) =>
        rule.globs.some(
          (glob) => matchesRelation(glob, ref.schema, ref.relation) && globMatches(glob.column, ref.column),
        ),
      ),
    );
  }

  /** By the name of a key in a JSON value: `card_number`, `cardNumber` and `Card-Number` are the same. */
  key(name: string): RuleMask | null {
    return remembered(this.#keys, name, () => {
      const plain = plainKey(name);
      return this.#first((rule) => rule.keyGlobs.some((glob) => globMatches(glob, plain)));
    });
  }

  /** The strictest rule that may mask a column of this relation. */
  relation(object: ObjectRef): RuleMask | null {
    return this.#first((rule) => rule.globs.some((glob) => matchesRelation(glob, object.schema, object.name)));
  }

  /** The strictest rule that masks every column of this relation, whatever its name. */
  everyColumn(object: ObjectRef): RuleMask | null {
    return this.#first((rule) =>
      rule.globs.some((glob) => /^\*+$/.test(glob.column) && matchesRelation(glob, object.schema, object.name)),
    );
  }

  #first(wanted: (rule: IndexedRule) => boolean): RuleMask | null {
    return this.#rules.find(wanted)?.mask ?? null;
  }
}

/** A schema that is not known may be any: closed. */
function matchesRelation(glob: ColumnGlob, schema: string | null, relation: string): boolean {
  return (schema === null || globMatches(glob.schema, schema)) && globMatches(glob.relation, relation);
}

function plainKey(name: string): string {
  return name.toLowerCase().replace(/[_\-\s]/g, '');
}

function remembered(memory: Map<string, RuleMask | null>, key: string, find: () => RuleMask | null): RuleMask | null {
  const known = memory.get(key);
  if (known !== undefined) return known;
  if (memory.size >= maxRemembered) memory.clear();
  const found = find();
  memory.set(key, found);
  return found;
}
