/**
 * A gateway's own floor file: what no bundle may grant, whatever its policy says. It is read where the gateway runs, so whoever holds
 * the control plane cannot lift it. Rules are a policy's own rules, less those that open something.
 */
import { type AddressPattern, matchesAddress, parseAddressPattern, statementKinds } from '@sluice/domain';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import type { CompileOptions } from './compile.ts';
import { describeIssue, toRule, unknownDetectors } from './compile.ts';
import type { ConditionContext } from './condition.ts';
import { compileCondition } from './condition.ts';
import { describeRule } from './describe.ts';
import type { PolicyProblem } from './positions.ts';
import { SourceMap, showPath } from './positions.ts';
import type { CompiledPolicy, CompiledRule, Floor } from './rules.ts';
import { maxPolicyChars, maxRules, ruleSchema } from './schema.ts';

const maxPatterns = 1_000;
const maxReferences = 1_000;
const maxMembers = 100;
const floorActions = ['deny', 'hold', 'mask', 'limit'] as const;
/** How reasons begin that a floor gives: whoever is refused should not look for the rule in the policy. */
const reasonPrefix = 'This gateway’s own floor: ';
const namePrefix = 'floor:';

const addressSchema = z
  .string()
  .max(300)
  .transform((text, context) => {
    const pattern = parseAddressPattern(text);
    if (pattern !== null) return pattern;
    context.addIssue({
      code: 'custom',
      message: 'must be host:port; host a name, *.name, an address or a subnet, port a number, a range or *',
    });
    return z.NEVER;
  });
const addressesSchema = z.array(addressSchema).max(maxPatterns);
const referenceSchema = z
  .string()
  .max(1_024)
  .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:\/(?!.*(^|\/)\.\.?(\/|$)).+)$/, 'must be env:NAME or file:/absolute/path');
const fingerprintSchema = z
  .string()
  .transform((text) => text.replace(/\s+/g, '').toLowerCase())
  .refine((text) => /^sha256:[0-9a-f]{64}$/.test(text), 'must be a fingerprint: SHA256: and 64 hex digits');

const floorSchema = z.strictObject({
  version: z.literal(1),
  targets: addressesSchema.optional(),
  references: z
    .record(referenceSchema, addressesSchema.min(1))
    .refine((references) => Object.keys(references).length <= maxReferences, `at most ${maxReferences} references`)
    .default({}),
  'weak-authentication': addressesSchema.default([]),
  members: z.array(fingerprintSchema).max(maxMembers).optional(),
  never: z.array(z.enum(statementKinds)).default([]),
  'never-unmask': z.union([z.literal('all'), z.array(z.string().max(31)).max(100)]).default([]),
  rules: z
    .array(
      ruleSchema.refine((rule) => floorActions.some((action) => action === rule.action), {
        message: `a floor only closes: its rules are ${floorActions.join(', ')}`,
        path: ['action'],
      }),
    )
    .max(maxRules)
    .default([]),
});

export type FloorResult =
  | { readonly ok: true; readonly floor: Floor }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

/** Reads a floor's YAML. Never throws on bad input; whoever gets problems must not serve. */
export function compileFloor(source: string, options: CompileOptions): FloorResult {
  if (source.length > maxPolicyChars) return problem(`the floor is longer than ${maxPolicyChars} characters`);
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const map = new SourceMap(source, document, lines);
  if (document.errors.length > 0)
    return { ok: false, problems: document.errors.map((e) => ({ ...map.at(e.pos[0]), message: e.message, path: '' })) };
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: 0 });
  } catch {
    return problem('anchors and aliases are not part of a floor');
  }
  const parsed = floorSchema.safeParse(data, { reportInput: true });
  if (!parsed.success)
    return { ok: false, problems: parsed.error.issues.flatMap((issue) => describeIssue(issue, map)) };
  const problems: PolicyProblem[] = [];
  const rules = compileRules(parsed.data.rules, map, options, problems);
  if (problems.length > 0) return { ok: false, problems };
  const { targets, references, members, never } = parsed.data;
  return {
    ok: true,
    floor: {
      targets: targets ?? null,
      references: new Map(Object.entries(references)),
      weakAuthentication: parsed.data['weak-authentication'],
      members: members ?? null,
      neverUnmask: parsed.data['never-unmask'],
      rules: [...never.map(neverRule), ...rules],
    },
  };
}

function problem(message: string): FloorResult {
  return { ok: false, problems: [{ line: 1, column: 1, path: '', message }] };
}

function compileRules(
  sources: z.infer<typeof floorSchema>['rules'],
  map: SourceMap,
  options: CompileOptions,
  problems: PolicyProblem[],
): CompiledRule[] {
  return sources.flatMap((source, index) => {
    const path = ['rules', index];
    problems.push(...unknownDetectors(source, path, map, options));
    const condition = compileCondition(source.when, source.action === 'mask' ? 'session-opening' : 'statement');
    if (!condition.ok) {
      const place = [...path, 'when'];
      problems.push({ ...map.inText(place, condition.offset), path: showPath(place), message: condition.message });
      return [];
    }
    const rule = toRule(source, { test: condition.test, at: map.value([...path, 'name']) }, options);
    return [asFloor(rule)];
  });
}

/** What cannot be proved may be of any kind, so it is of this one. */
function neverRule(kind: (typeof statementKinds)[number]): CompiledRule {
  return asFloor({
    name: `never-${kind}`,
    description: `statements of kind ${kind} never run here.`,
    when: `statement.kind == '${kind}' || !statement.complete`,
    action: 'deny',
    hold: null,
    mask: null,
    limit: null,
    would: null,
    test: (context: ConditionContext) => {
      const statement = context.statement as { readonly kind: string; readonly complete: boolean };
      return statement.kind === kind || !statement.complete;
    },
    at: { line: 1, column: 1 },
    floor: true,
  });
}

function asFloor(rule: CompiledRule): CompiledRule {
  const name = `${namePrefix}${rule.name}`;
  const mask = rule.mask === null ? null : { ...rule.mask, rule: name };
  return { ...rule, name, mask, description: `${reasonPrefix}${rule.description}`, floor: true };
}

/** The policy under the floor: its rules join the policy's, where the strictest wins, and masks of the named classes hold for everybody. */
export function withFloor(policy: CompiledPolicy, floor: Floor | null): CompiledPolicy {
  if (floor === null) return policy;
  const { neverUnmask } = floor;
  const kept = policy.rules.map((rule) =>
    rule.mask !== null && (neverUnmask === 'all' || neverUnmask.includes(rule.mask.dataClass))
      ? { ...rule, when: 'true', test: () => true }
      : rule,
  );
  // A floor may speak of time and session in any of its rules: a verdict must then not be remembered without them.
  return { ...policy, rules: [...kept, ...floor.rules], floor, usesTime: true, usesSession: true };
}

/** The floor in plain sentences, for a page and for `sluice gateway floor check`. */
export function describeFloor(floor: Floor): string[] {
  const list = (patterns: readonly AddressPattern[]) => patterns.map(({ text }) => text).join(', ');
  const { targets, references, weakAuthentication, members, neverUnmask, rules } = floor;
  return [
    targets === null ? null : `Dials only ${targets.length === 0 ? 'nothing' : list(targets)}.`,
    ...[...references].map(([name, addresses]) => `Takes ${name} for ${list(addresses)} only.`),
    weakAuthentication.length === 0 ? null : `Accepts weak authentication from ${list(weakAuthentication)}.`,
    members === null ? null : `Gives credentials on to ${members.length} named sealing keys only.`,
    neverUnmask.length === 0
      ? null
      : `Never unmasks ${neverUnmask === 'all' ? 'anything that policy masks' : neverUnmask.join(', ')}.`,
    ...rules.map((rule) => `${rule.name}: ${describeRule(rule)}`),
  ].filter((line): line is string => line !== null);
}

/** Whether a list holds the address; an absent list (null) says nothing and so allows. */
export function listAllows(list: readonly AddressPattern[] | null, host: string, port: number): boolean {
  return list === null || list.some((pattern) => matchesAddress(pattern, host, port));
}
