import type { ConnectionDetail } from '@sluice/api';
import type { TargetAddress } from '@sluice/domain';
import { defaultRecordedResults, maxRecordedBytes, maxRecordedRows, targetTlsModes } from '@sluice/domain';
import type { manifests } from '@sluice/protocols/manifests';

export type ProtocolManifest = (typeof manifests)[number];

/** What the form holds: texts as typed. Read by `readDraft`, which judges them. */
export interface ConnectionDraft {
  readonly protocol: string;
  readonly name: string;
  readonly host: string;
  readonly port: string;
  readonly tlsMode: (typeof targetTlsModes)[number];
  readonly tlsCa: string;
  readonly options: Readonly<Record<string, string>>;
  /** One `name=value` on a line. */
  readonly labels: string;
  readonly groupId: string;
  /** `sealed`: typed here and sealed; `gateway`: the password fields name where the gateway finds it. */
  readonly passwordIn: 'sealed' | 'gateway';
  readonly username: string;
  readonly password: string;
  /** Empty where the connection gets no reader's credential. */
  readonly readerUsername: string;
  readonly readerPassword: string;
  readonly defaultAction: 'allow' | 'hold' | 'deny';
  readonly holdBehaviour: 'wait' | 'refuse';
  readonly rehearsal: boolean;
  readonly undo: boolean;
  readonly durability: 'written' | 'synced';
  readonly recordedRows: string;
  /** In KiB. */
  readonly recordedKib: string;
  readonly stepUp: 'none' | 'passkey';
  readonly offlineLeaseSeconds: string;
}

export type DraftErrors = Partial<Record<keyof ConnectionDraft | `options.${string}`, string>>;

export const defaultLeaseSeconds = 60;
const bytesPerKib = 1_024;
export const maxRecordedKib = Math.floor(maxRecordedBytes / bytesPerKib);

export function emptyDraft(manifest: ProtocolManifest | undefined): ConnectionDraft {
  return {
    protocol: manifest?.name ?? '',
    name: '',
    host: '',
    port: manifest === undefined ? '' : String(manifest.defaultPort),
    tlsMode: 'verify-full',
    tlsCa: '',
    options: {},
    labels: '',
    groupId: '',
    passwordIn: 'sealed',
    username: '',
    password: '',
    readerUsername: '',
    readerPassword: '',
    defaultAction: 'deny',
    holdBehaviour: 'wait',
    rehearsal: false,
    undo: false,
    durability: 'written',
    recordedRows: String(defaultRecordedResults.rows),
    recordedKib: String(defaultRecordedResults.bytes / bytesPerKib),
    stepUp: 'none',
    offlineLeaseSeconds: String(defaultLeaseSeconds),
  };
}

export function draftOf(connection: ConnectionDetail): ConnectionDraft {
  return {
    protocol: connection.protocol,
    name: connection.name,
    host: connection.host,
    port: String(connection.port),
    tlsMode: targetTlsModes.find((mode) => mode === connection.tlsMode) ?? 'verify-full',
    tlsCa: connection.tlsCa ?? '',
    options: Object.fromEntries(
      Object.entries(connection.options).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    ),
    labels: Object.entries(connection.labels)
      .map(([name, value]) => `${name}=${value}`)
      .join('\n'),
    groupId: connection.group?.id ?? '',
    passwordIn: connection.credential === 'referenced' ? 'gateway' : 'sealed',
    username: '',
    password: '',
    readerUsername: '',
    readerPassword: '',
    defaultAction: connection.defaultAction,
    holdBehaviour: connection.holdBehaviour,
    rehearsal: connection.rehearsal,
    undo: connection.undo,
    durability: connection.durability,
    recordedRows: String(connection.recordedRows),
    recordedKib: String(Math.ceil(connection.recordedBytes / bytesPerKib)),
    stepUp: connection.stepUp,
    offlineLeaseSeconds: String(connection.offlineLeaseSeconds),
  };
}

/** A draft's values in the API's types. */
export interface ReadDraft {
  readonly name: string;
  readonly address: TargetAddress;
  readonly options: Record<string, unknown>;
  readonly labels: Record<string, string>;
  readonly groupId: string;
  readonly offlineLeaseSeconds: number;
  readonly recordedRows: number;
  readonly recordedBytes: number;
}

const namePattern = /^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$|^[a-z0-9]$/;
const hostPattern = /^[A-Za-z0-9._:-]{1,253}$/;
const labelNamePattern = /^[A-Za-z0-9._/-]{1,63}$/;

/** Checks everything but the credential. `errors` is empty exactly when `value` is there. */
export function readDraft(
  draft: ConnectionDraft,
  manifest: ProtocolManifest | undefined,
): { readonly errors: DraftErrors; readonly value: ReadDraft | null } {
  const errors: DraftErrors = {};
  if (manifest === undefined) errors.protocol = 'Choose a protocol.';
  if (!namePattern.test(draft.name))
    errors.name = 'Use lower-case letters, digits and hyphens: it becomes part of host names and commands.';
  if (!hostPattern.test(draft.host.trim()))
    errors.host = 'Enter a host name or an IP address, without a scheme or a path.';
  const port = readWhole(draft.port, 1, 65_535);
  if (port === null) errors.port = 'Enter a number from 1 to 65535.';
  const lease = readWhole(draft.offlineLeaseSeconds, 1, 86_400);
  if (lease === null) errors.offlineLeaseSeconds = 'Enter seconds from 1 to 86400.';
  const rows = readWhole(draft.recordedRows, 0, maxRecordedRows);
  if (rows === null) errors.recordedRows = `Enter a number of rows from 0 to ${maxRecordedRows}.`;
  const kib = readWhole(draft.recordedKib, 0, maxRecordedKib);
  if (kib === null) errors.recordedKib = `Enter KiB from 0 to ${maxRecordedKib}.`;
  if (draft.groupId === '') errors.groupId = 'Choose the gateway that reaches this target.';
  const labels = readLabels(draft.labels);
  if (typeof labels === 'string') errors.labels = labels;
  const ca = draft.tlsCa.trim();
  if (ca !== '' && !ca.includes('-----BEGIN CERTIFICATE-----'))
    errors.tlsCa = 'Paste a certificate in PEM: it begins with -----BEGIN CERTIFICATE-----.';
  const options = readOptions(draft, manifest, errors);
  if (Object.keys(errors).length > 0 || port === null || lease === null || rows === null || kib === null)
    return { errors, value: null };
  if (typeof labels === 'string') return { errors, value: null };
  return {
    errors,
    value: {
      name: draft.name,
      address: {
        protocol: draft.protocol,
        host: draft.host.trim(),
        port,
        tls: { mode: draft.tlsMode, ca: ca === '' ? null : `${ca}\n` },
      },
      options,
      labels,
      groupId: draft.groupId,
      offlineLeaseSeconds: lease,
      recordedRows: rows,
      recordedBytes: kib * bytesPerKib,
    },
  };
}

/** The manifest's schema is the judge; its complaints are put beside the fields they are about. */
function readOptions(
  draft: ConnectionDraft,
  manifest: ProtocolManifest | undefined,
  errors: DraftErrors,
): Record<string, unknown> {
  const filled = Object.fromEntries(Object.entries(draft.options).filter(([, value]) => value.trim() !== ''));
  if (manifest === undefined) return filled;
  for (const field of manifest.optionFields) {
    if (field.required && filled[field.name] === undefined)
      errors[`options.${field.name}`] = `${field.label} is needed.`;
  }
  const result = manifest.optionsSchema.safeParse(filled);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const name = String(issue.path[0] ?? manifest.optionFields[0]?.name ?? '');
    errors[`options.${name}`] ??= issue.message;
  }
  return filled;
}

function readLabels(text: string): Record<string, string> | string {
  const labels: Record<string, string> = {};
  for (const line of text.split(/[\n,]/)) {
    const trimmed = line.trim();
    if (trimmed === '') continue;
    const at = trimmed.indexOf('=');
    const name = at === -1 ? trimmed : trimmed.slice(0, at).trim();
    if (at === -1 || !labelNamePattern.test(name)) return `“${trimmed}” is not of the form name=value.`;
    labels[name] = trimmed.slice(at + 1).trim();
  }
  return labels;
}

function readWhole(text: string, least: number, most: number): number | null {
  if (!/^\d{1,6}$/.test(text.trim())) return null;
  const value = Number(text.trim());
  return value >= least && value <= most ? value : null;
}

/** Whether two addresses are the same to a sealed credential. */
export function sameAddress(a: TargetAddress, b: TargetAddress): boolean {
  return (
    a.protocol === b.protocol &&
    a.host === b.host &&
    a.port === b.port &&
    a.tls.mode === b.tls.mode &&
    (a.tls.ca ?? '').trim() === (b.tls.ca ?? '').trim()
  );
}
