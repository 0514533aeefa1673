import type { ColumnRef, LiteralSpan, MaskRule, ObjectRef, OutputLineage } from '@sluice/domain';
import { detectors as allDetectors } from './detectors/registry.ts';
import type { Detector } from './detectors/subject.ts';
import { flag } from './detectors/subject.ts';
import type { JsonMasking } from './json.ts';
import { maskJson, NotJson } from './json.ts';
import { maskQuotations } from './message.ts';
import type { RuleMask } from './rules.ts';
import { RuleIndex } from './rules.ts';
import type { Finding } from './scan.ts';
import { scan } from './scan.ts';
import { maskLiterals } from './statement.ts';
import type { KeyedDigest } from './strategies.ts';
import { maskDots, redacted, replace, strictestFirst } from './strategies.ts';
import type { MaskedSpan } from './stream/findings.ts';

/** A field of a result, as far as masking needs it. The wire's own field type fits. */
export interface MaskField {
  readonly name: string;
  readonly origin: ColumnRef | null | 'unresolved';
  readonly lineage: OutputLineage | null;
  readonly category: 'text' | 'json' | 'number' | 'boolean' | 'temporal' | 'uuid' | 'array' | 'opaque';
}

/** `pass`: never changes. `scan`: the text is looked at. `whole`: always replaced, whatever its form. */
export interface FieldPlan {
  readonly plan: 'pass' | 'scan' | 'whole';
  /** The rule that asks for `whole`; null when nothing was provable and masking is the closed answer. */
  readonly rule: string | null;
  readonly dataClass: string | null;
  readonly category: MaskField['category'];
  readonly mask: RuleMask | null;
}

export interface StatementContext {
  /** The statement reads a relation with masked columns (`readsMasked`). */
  readonly readsMasked: boolean;
}

export interface CompiledMasks {
  /** False when no rule applies to this session: nothing is ever changed. */
  readonly active: boolean;
  /** True when a rule may mask a column of one of these relations. */
  readsMasked(relations: readonly ObjectRef[]): boolean;
  fieldPlan(field: MaskField, context: StatementContext): FieldPlan;
  /** The masked text, the same string when nothing was found, or null for NULL. */
  maskValue(plan: FieldPlan, text: string): string | null;
  /** Detectors only: for what has no field. */
  maskText(text: string): string;
  /** A target's error or notice. `quoted`: it may quote values, which then do not survive, unless they are in `names`. */
  maskMessage(text: string, options: { readonly quoted: boolean; readonly names?: ReadonlySet<string> }): string;
  /** A statement's text; `literals` null when it could not be read. Offsets are UTF-16 code units of `text`. */
  maskStatement(text: string, literals: readonly LiteralSpan[] | null, context: StatementContext): string;
  /** The findings in a piece of a stream with what is shown for them; null when no detector is in force. */
  readonly spans: ((text: string) => readonly MaskedSpan[]) | null;
  /** A bound value for the record. `column` is what it is compared with or assigned to, null when not known. */
  maskBind(value: string, column: ColumnRef | null, context: StatementContext): string | null;
}

/** Longer texts are not looked at: they are masked as a whole. */
export const maxScanChars = 4_194_304;
/** Longer JSON values are not walked: they are masked as a whole. */
export const maxJsonChars = 1_048_576;
/** Shorter numbers hold no card number. */
const minCardNumberDigits = 12;

/** `-----BEGIN PRIVATE KEY-----` and its like. */
const minHeaderChars = 27;

const noNames: ReadonlySet<string> = new Set();
const passed = new Map<MaskField['category'], FieldPlan>();

/** Makes a session's masks from the rules in force. `digest` is keyed: it makes hashes and tokens that nobody else can compute. */
export function compileMasks(rules: readonly MaskRule[], digest: KeyedDigest): CompiledMasks {
  return new Masks(rules, digest);
}

class Masks implements CompiledMasks {
  readonly active: boolean;
  readonly spans: ((text: string) => readonly MaskedSpan[]) | null;
  readonly #index: RuleIndex;
  readonly #detectors: readonly Detector[];
  readonly #detectorRules: ReadonlyMap<string, RuleMask>;
  readonly #digest: KeyedDigest;
  readonly #json: JsonMasking;

  constructor(rules: readonly MaskRule[], digest: KeyedDigest) {
    this.active = rules.length > 0;
    this.#index = new RuleIndex(rules);
    this.#digest = digest;
    this.#detectorRules = rulesByDetector(rules);
    this.#detectors = allDetectors.filter((detector) => this.#detectorRules.has(detector.name));
    this.spans = this.#detectors.length === 0 ? null : (text) => this.#spans(text);
    this.#json = {
      key: (name) => this.#index.key(name),
      scan: (text) => this.#scan(text) ?? redacted(null),
      whole: (text, rule) => this.#whole(text, rule),
    };
  }

  readsMasked(relations: readonly ObjectRef[]): boolean {
    return this.active && relations.some((relation) => this.#index.relation(relation) !== null);
  }

  fieldPlan(field: MaskField, context: StatementContext): FieldPlan {
    const { category } = field;
    if (!this.active) return pass(category);
    const rule = this.#ruleOf(field);
    if (rule !== null) return { plan: 'whole', rule: rule.rule, dataClass: rule.dataClass, category, mask: rule };
    if (this.#isUnprovable(field, context)) return { plan: 'whole', rule: null, dataClass: null, category, mask: null };
    const scanned = { plan: 'scan', rule: null, dataClass: null, category, mask: null } as const;
    switch (category) {
      case 'json':
        return scanned;
      case 'text':
      case 'array':
      case 'number':
        return this.#detectors.length > 0 ? scanned : pass(category);
      case 'opaque':
        // No detector can look inside: closed.
        return this.#detectors.length > 0 ? { ...scanned, plan: 'whole' } : pass(category);
      case 'boolean':
      case 'temporal':
      case 'uuid':
        return pass(category);
    }
  }

  maskValue(plan: FieldPlan, text: string): string | null {
    if (plan.plan === 'pass') return text;
    try {
      return plan.plan === 'whole' ? this.#wholeField(plan, text) : this.#scanField(plan, text);
    } catch {
      // A detector that fails is no reason to show the value.
      return plan.category === 'text' ? redacted(null) : null;
    }
  }

  maskText(text: string): string {
    if (!this.active) return text;
    try {
      return this.#scan(text) ?? redacted(null);
    } catch {
      return redacted(null);
    }
  }

  maskMessage(text: string, options: { readonly quoted: boolean; readonly names?: ReadonlySet<string> }): string {
    if (!this.active) return text;
    return this.maskText(options.quoted ? maskQuotations(text, options.names ?? noNames) : text);
  }

  maskStatement(text: string, literals: readonly LiteralSpan[] | null, context: StatementContext): string {
    if (!this.active) return text;
    if (text.length > maxScanChars) return redacted(null);
    try {
      return maskLiterals(text, literals, context.readsMasked, {
        maskedColumn: (column) => this.#index.column(column) !== null,
        hits: (value) => value.length > maxScanChars || scan(value, this.#detectors).length > 0,
        scan: (part) => this.maskText(part),
      });
    } catch {
      return redacted(null);
    }
  }

  maskBind(value: string, column: ColumnRef | null, context: StatementContext): string | null {
    if (!this.active) return value;
    const rule = column === null ? null : this.#index.column(column);
    if (rule !== null) return this.#whole(value, rule);
    if (column === null && context.readsMasked && !/^-?\d{0,4}$/.test(value)) return maskDots;
    return this.maskText(value);
  }

  /** The rule that names the field's column, or one that its value is made of. */
  #ruleOf(field: MaskField): RuleMask | null {
    const { origin, lineage, category } = field;
    const found: RuleMask[] = [];
    const add = (rule: RuleMask | null): void => {
      if (rule !== null) found.push(rule);
    };
    if (origin !== null && origin !== 'unresolved') add(this.#index.column(origin));
    if (lineage?.known) {
      for (const column of lineage.columns) add(this.#index.column(column));
      for (const row of lineage.wholeRows) {
        add(this.#index.everyColumn(row));
        // A row as JSON keeps its columns' names, so its walk masks them one by one; in any other form the parts cannot be told apart.
        if (category !== 'json') add(this.#index.relation(row));
      }
    }
    const strictest = found.sort((a, b) => strictestFirst.indexOf(a.strategy) - strictestFirst.indexOf(b.strategy))[0];
    if (strictest === undefined) return null;
    // What a partial mask, a hash or a token shows of a piece, asked for piece by piece, is the whole value.
    // A view's column is such a piece where the view computes it, though the server names it as an origin.
    const traced = lineage?.known === true && lineage.columns.length + lineage.wholeRows.length > 0;
    const bare = traced ? lineage.direct : origin !== null;
    return bare || strictest.strategy === 'null' ? strictest : { ...strictest, strategy: 'redact' };
  }

  #isUnprovable(field: MaskField, context: StatementContext): boolean {
    if (field.origin === 'unresolved') return true;
    if (field.origin !== null || field.lineage?.known || !context.readsMasked) return false;
    const { category } = field;
    return category === 'text' || category === 'json' || category === 'array' || category === 'opaque';
  }

  /** A replacement text is no number, date or array: those become NULL. JSON stays JSON. */
  #wholeField(plan: FieldPlan, text: string): string | null {
    if (plan.category !== 'text' && plan.category !== 'json') return null;
    const masked = plan.mask === null ? redacted(null) : this.#whole(text, plan.mask);
    return plan.category === 'json' && masked !== null ? JSON.stringify(masked) : masked;
  }

  #scanField(plan: FieldPlan, text: string): string | null {
    switch (plan.category) {
      case 'json':
        return this.#scanJson(text);
      case 'number': {
        if (text.length < minCardNumberDigits) return text;
        return this.#scan(text) === text ? text : null;
      }
      default:
        return this.#scan(text);
    }
  }

  #scanJson(text: string): string | null {
    if (text.length > maxJsonChars) return JSON.stringify(redacted(null));
    try {
      return maskJson(text, this.#json);
    } catch (error) {
      if (!(error instanceof NotJson)) throw error;
      return this.#scan(text);
    }
  }

  #spans(text: string): readonly MaskedSpan[] {
    // A key's header is to be seen before there is enough of the key for the detectors' first look.
    return this.#findings(text, text.length >= minHeaderChars ? flag.run : 0).map(({ start, end, detector, rule }) => ({
      start,
      end,
      shown: replace(text.slice(start, end), detector, rule, this.#digest),
      isKey: detector.name === 'private-key',
      isLoose: detector.name === 'email',
    }));
  }

  #findings(text: string, moreFlags = 0): readonly (Finding & { readonly rule: RuleMask })[] {
    return scan(text, this.#detectors, moreFlags).map((finding) => {
      const rule = this.#detectorRules.get(finding.detector.name);
      if (rule === undefined) throw new Error(`no rule for the detector ${finding.detector.name}`);
      return { ...finding, rule };
    });
  }

  /** The text with its findings replaced; null when it is nothing but a finding whose rule says null. */
  #scan(text: string): string | null {
    if (this.#detectors.length === 0) return text;
    if (text.length > maxScanChars) return redacted(null);
    const findings = this.#findings(text);
    if (findings.length === 0) return text;
    let out = '';
    let copied = 0;
    for (const { start, end, detector, rule } of findings) {
      if (rule.strategy === 'null' && start === 0 && end === text.length) return null;
      out += text.slice(copied, start) + replace(text.slice(start, end), detector, rule, this.#digest);
      copied = end;
    }
    return out + text.slice(copied);
  }

  #whole(text: string, rule: RuleMask): string | null {
    if (rule.strategy === 'null') return null;
    if (rule.strategy !== 'partial') return replace(text, null, rule, this.#digest);
    if (text.length > maxScanChars) return redacted(null);
    // The form decides which part may show: a whole e-mail address keeps its ending, a card its last four digits.
    const trimmed = text.trim();
    const [finding, ...others] = scan(trimmed, allDetectors);
    const detector =
      finding !== undefined && others.length === 0 && finding.start === 0 && finding.end === trimmed.length
        ? finding.detector
        : null;
    if (detector === null && finding !== undefined) return redacted(null);
    return replace(trimmed, detector, rule, this.#digest);
  }
}

function rulesByDetector(rules: readonly MaskRule[]): ReadonlyMap<string, RuleMask> {
  const found = new Map<string, RuleMask>();
  for (const rule of rules) {
    for (const name of rule.detectors) {
      const known = found.get(name);
      if (known !== undefined && strictestFirst.indexOf(known.strategy) <= strictestFirst.indexOf(rule.strategy))
        continue;
      found.set(name, { rule: rule.rule, strategy: rule.strategy, dataClass: rule.dataClass });
    }
  }
  return found;
}

function pass(category: MaskField['category']): FieldPlan {
  const known = passed.get(category);
  if (known !== undefined) return known;
  const plan: FieldPlan = { plan: 'pass', rule: null, dataClass: null, category, mask: null };
  passed.set(category, plan);
  return plan;
}
