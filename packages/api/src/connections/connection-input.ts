import {
  defaultRecordedResults,
  durabilitySchema,
  labelsSchema,
  recordedResultsSchema,
  sealedEnvelopeSchema,
  stepUpSchema,
  targetAddressSchema,
} from '@sluice/domain';
import { manifestByName, manifests } from '@sluice/protocols/manifests';
import { z } from 'zod';
import { refusedInput } from '../errors.ts';
import { id, slug } from '../inputs.ts';

/** The longest that a gateway may go on without the control plane, in seconds. */
const maxLeaseSeconds = 86_400;
const defaultLeaseSeconds = 60;
const maxLabels = 32;
const maxOptionsBytes = 16_384;

export const connectionFields = z.strictObject({
  name: slug,
  ...targetAddressSchema.shape,
  options: z
    .record(z.string().max(63), z.unknown())
    .refine((options) => JSON.stringify(options).length <= maxOptionsBytes, 'the options are too long'),
  labels: labelsSchema.refine((labels) => Object.keys(labels).length <= maxLabels, `use at most ${maxLabels} labels`),
  groupId: id,
  offlineLeaseSeconds: z.int().min(1).max(maxLeaseSeconds).default(defaultLeaseSeconds),
  defaultAction: z.enum(['allow', 'hold', 'deny']).default('deny'),
  holdBehaviour: z.enum(['wait', 'refuse']).default('wait'),
  /** `passkey`: a decision on a hold has to be signed by the passkey of whoever decides, and the gateway verifies it. */
  stepUp: stepUpSchema.default('none'),
  rehearsal: z.boolean().default(false),
  undo: z.boolean().default(false),
  durability: durabilitySchema.default('written'),
  recordedRows: recordedResultsSchema.shape.rows.default(defaultRecordedResults.rows),
  recordedBytes: recordedResultsSchema.shape.bytes.default(defaultRecordedResults.bytes),
});

/** One for each confirmed gateway of the group. */
const maxEnvelopes = 32;
const oneEnvelope = sealedEnvelopeSchema.extend({
  recipient: z.string().max(64),
  encapsulated: z.string().max(64),
  ciphertext: z.string().max(16_384),
});
/** A credential as the browser or the CLI sealed it: once, or once for each member. */
export const envelope = z.union([oneEnvelope.transform((one) => [one]), z.array(oneEnvelope).min(1).max(maxEnvelopes)]);

/** A connection's settings that a protocol has to be able to carry out. */
interface Settings {
  readonly options: Record<string, unknown>;
  readonly rehearsal: boolean;
  readonly undo: boolean;
}

/**
 * Checks a connection's settings by its protocol's manifest and answers the options as the protocol's schema reads them. Throws
 * SluiceError `bad-request` for an unknown protocol, wrong options, and what the protocol cannot do.
 */
export function checkedOptions(protocol: string, settings: Settings): Record<string, unknown> {
  const manifest = manifestByName(protocol);
  if (manifest === undefined) {
    const known = manifests.map((one) => one.name).join(', ');
    throw refusedInput(`There is no protocol “${protocol}”.`, `Use one of: ${known}.`);
  }
  checkAbilities(manifest, settings);
  const parsed = manifest.optionsSchema.safeParse(settings.options);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? 'options' : issue.path.join('.');
  throw refusedInput(
    `The option “${place}” is not right: ${issue?.message ?? 'unknown'}.`,
    'Correct it and save again.',
  );
}

/** Throws SluiceError `bad-request` for a setting that would promise what the protocol does not do. */
export function checkAbilities(
  { label, abilities }: Pick<(typeof manifests)[number], 'label' | 'abilities'>,
  { rehearsal, undo }: Pick<Settings, 'rehearsal' | 'undo'>,
): void {
  if (rehearsal && abilities.rehearse !== true)
    throw refusedInput(`${label} cannot rehearse statements.`, 'Turn rehearsal off for this connection.');
  if (undo && abilities.undo !== true)
    throw refusedInput(`${label} cannot put changes back.`, 'Turn undo off for this connection.');
}
