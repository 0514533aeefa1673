import type { ConnectionRow } from '@sluice/database';
import {
  type Capability,
  defaultRecordedResults,
  lackingCapabilities,
  protocolCapability,
  type RecordedResults,
} from '@sluice/domain';
import { referencesOf } from './keep-credential.ts';

/**
 * What a connection asks of its gateway beside the policy, each with how to see that it does. Whoever gives connections something that
 * an older gateway would not enforce adds a line.
 */
const needs: readonly { readonly capability: Capability; readonly when: (row: ConnectionRow) => boolean }[] = [
  { capability: 'recording-1', when: () => true },
  { capability: 'synced-1', when: (row) => row.durability === 'synced' },
  { capability: 'recorded-results-1', when: (row) => !keepsTheDefault(row) },
  { capability: 'reader-1', when: (row) => row.credentials.some(({ purpose }) => purpose === 'reader') },
  { capability: 'rehearsal-1', when: (row) => row.rehearsal },
  { capability: 'undo-1', when: (row) => row.undo },
  { capability: 'reference-1', when: (row) => Object.keys(referencesOf(row)).length > 0 },
  { capability: 'step-up-1', when: (row) => row.stepUp === 'passkey' },
];

/** What recordings keep of results on this connection. */
export function recordedResultsOf(row: Pick<ConnectionRow, 'recordedRows' | 'recordedBytes'>): RecordedResults {
  return { rows: row.recordedRows, bytes: row.recordedBytes };
}

export function keepsTheDefault(row: Pick<ConnectionRow, 'recordedRows' | 'recordedBytes'>): boolean {
  const { rows, bytes } = recordedResultsOf(row);
  return rows === defaultRecordedResults.rows && bytes === defaultRecordedResults.bytes;
}

/** What a gateway must have to serve this connection. */
export function neededByConnection(row: ConnectionRow): string[] {
  return [
    protocolCapability(row.protocol),
    ...needs.filter(({ when }) => when(row)).map(({ capability }) => capability),
  ];
}

/** What of it the gateway does not have. One that has never connected has said nothing yet. */
export function lackedBy(
  gateway: { readonly capabilities: readonly string[]; readonly lastSeenAt: Date | null },
  row: ConnectionRow,
): readonly string[] {
  return gateway.lastSeenAt === null ? [] : lackingCapabilities(neededByConnection(row), gateway.capabilities);
}
