/** What a corpus file may say. One schema for every file; what only a protocol can say is checked by the protocol's own. */
import { type CorpusForm, corpusProtocols, formPositions } from '@sluice/protocols/clients';
import { manifestByName } from '@sluice/protocols/manifests';
import { z } from 'zod';

export const roles = ['agent', 'member', 'reviewer', 'admin'] as const;
export type Role = (typeof roles)[number];

/**
 * What must become of a form. `deny-or-hold`: either, nothing else. `allow-masked`: runs, and no planted value comes back.
 * `error`: ends in an error of Sluice's or the target's. `contained`: anything, as long as nothing changes and no planted value comes
 * back. `not-refused`: runs, or fails at the target for reasons of its own. `effect`: this role may do it, so it is not tried.
 */
export const expectations = [
  'deny',
  'hold',
  'deny-or-hold',
  'allow-masked',
  'allow',
  'error',
  'contained',
  'not-refused',
  'effect',
] as const;
export type Expectation = (typeof expectations)[number];

/** A text too long to write out: parts, of which some are repeated. */
const partsSchema = z.array(
  z.union([z.string(), z.strictObject({ repeat: z.string(), times: z.int().min(1).max(2_000_000) })]),
);
const byRole = z.strictObject({
  agent: z.enum(expectations).optional(),
  member: z.enum(expectations).optional(),
  reviewer: z.enum(expectations).optional(),
  admin: z.enum(expectations).optional(),
});
/** A word alone speaks for agents; the other roles keep what the file says. */
const expectSchema = z.union([z.enum(expectations), byRole]);

const formSchema = z
  .strictObject({
    id: z.string().regex(/^[A-Za-z][A-Za-z0-9]*-[a-z0-9-]+$/, 'like PG01-a'),
    form: z.union([z.string(), partsSchema]).optional(),
    /** Bound in the place of `$1`, `$2` …; then only paths that can bind are tried. */
    values: z.array(z.string().nullable()).optional(),
    steps: z.array(z.unknown()).min(1).optional(),
    expect: expectSchema.optional(),
    why: z.string().min(8).optional(),
    /** Where the form makes sense; everywhere when missing. */
    positions: z.array(z.enum(formPositions)).min(1).optional(),
    paths: z.array(z.string()).min(1).optional(),
    /** False: never at an unguarded target, where it could reach beyond its database. */
    unguarded: z.boolean().default(true),
  })
  .refine((form) => (form.form === undefined) !== (form.steps === undefined), 'either `form` or `steps`');

export const corpusFileSchema = z.strictObject({
  class: z.string().min(2).max(40),
  title: z.string().min(4),
  protocol: z.string(),
  why: z.string().min(8),
  expect: byRole,
  /** Added to the fixture, after its own texts. */
  setup: z.array(z.string()).default([]),
  forms: z.array(formSchema).min(1),
});

export const fixtureSchema = z.strictObject({
  schema: z.string(),
  /** Answers a value once the other side knows the fixture. */
  ready: z.string(),
  /** Planted values: any run of `window` characters of one in an answer is an unmasked read. They leave out what a mask may show. */
  markers: z.array(z.strictObject({ name: z.string(), text: z.string().min(4), window: z.int().min(4).max(40) })),
  setup: z.array(z.string()).min(1),
  /** Removes what stands outside the fixture's schema; run before each making and at the end. */
  teardown: z.array(z.string()).default([]),
});
export type Fixture = z.infer<typeof fixtureSchema>;

/** Forms that are not yet held to or not yet let through, each with its reason: reported by name and number, never passed over. */
export const knownGapsSchema = z.strictObject({
  gaps: z.array(
    z.strictObject({ ids: z.array(z.string()).min(1), kind: z.enum(['hole', 'over-blocked']), why: z.string().min(8) }),
  ),
});
export type KnownGap = z.infer<typeof knownGapsSchema>['gaps'][number];

export const corpusLists = ['must-refuse', 'must-allow'] as const;
export type CorpusList = (typeof corpusLists)[number];

export interface Form {
  readonly id: string;
  readonly class: string;
  readonly title: string;
  readonly list: CorpusList;
  readonly protocol: string;
  readonly form: CorpusForm;
  readonly expect: Readonly<Partial<Record<Role, Expectation | undefined>>>;
  readonly why: string;
  readonly positions: readonly (typeof formPositions)[number][];
  readonly paths: readonly string[] | null;
  readonly unguarded: boolean;
}

/**
 * The forms of one file with what the file says for all of them. A protocol without a runner of its own has texts alone: they are judged
 * as facts. Throws with the place of a fault.
 */
export function formsOf(list: CorpusList, file: z.infer<typeof corpusFileSchema>): Form[] {
  const protocol = corpusProtocols[file.protocol];
  if (manifestByName(file.protocol) === undefined) throw new Error(`${file.class}: no protocol ${file.protocol}`);
  const stepSchema = protocol?.stepSchema ?? z.never();
  return file.forms.map((one) => ({
    id: one.id,
    class: file.class,
    title: file.title,
    list,
    protocol: file.protocol,
    form:
      one.steps === undefined
        ? { type: 'text' as const, text: textOf(one.form ?? ''), values: one.values ?? null }
        : { type: 'steps' as const, steps: one.steps.map((step) => checkedStep(one.id, step, stepSchema)) },
    expect: { ...file.expect, ...(typeof one.expect === 'string' ? { agent: one.expect } : one.expect) },
    why: one.why ?? file.why,
    positions: one.positions ?? formPositions,
    paths: one.paths ?? null,
    unguarded: one.unguarded,
  }));
}

function textOf(form: string | z.infer<typeof partsSchema>): string {
  if (typeof form === 'string') return form;
  return form.map((part) => (typeof part === 'string' ? part : part.repeat.repeat(part.times))).join('');
}

function checkedStep(id: string, step: unknown, schema: z.ZodType<unknown>): unknown {
  const checked = schema.safeParse(step);
  if (!checked.success) throw new Error(`${id}: a step is not valid: ${z.prettifyError(checked.error)}`);
  return step;
}
