/** Sluice's refusals ↔ PostgreSQL's own errors. */
import type { Refusal, RefusalCode, SluiceError } from '@sluice/domain';
import type { WireRefusal } from '@sluice/wire-kit';
import { encodeReport, type ReportFields } from './messages/report.ts';

/** An error of this gateway in PostgreSQL's words. */
export interface LocalError {
  readonly code: string;
  readonly message: string;
  readonly detail: string | null;
  readonly hint: string | null;
}

export function localError(code: string, message: string, hint: string | null): LocalError {
  return { code, message, detail: null, hint };
}

/** SQLSTATEs (PostgreSQL manual, appendix A) by reason of a session's refusal. */
const sessionStates: Readonly<Record<WireRefusal['reason'], string>> = {
  authentication: '28P01',
  authorisation: '28000',
  target: '08006',
  unavailable: '57P03',
  protocol: '08P01',
  terminated: '57P01',
};

const refusalStates: Readonly<Record<RefusalCode, string>> = {
  denied: '42501',
  'approval-denied': '42501',
  'approval-expired': '42501',
  // As PostgreSQL itself says when a person pressed Ctrl-C.
  'approval-cancelled': '57014',
  'approval-void': '42501',
  'approval-required': '42501',
  'outcome-unknown': '08007',
  'lease-expired': '42501',
  'control-plane-away': '42501',
  'recording-unavailable': '58030',
  'limit-exceeded': '54000',
  'session-ended': '57P01',
  unreadable: '42501',
  unsupported: '0A000',
};

export function errorOfRefusal(refusal: Refusal): LocalError {
  return {
    code: refusalStates[refusal.code],
    message: refusal.message,
    // One line of JSON by the refusal schema, for programs.
    detail: JSON.stringify(refusal.detail),
    hint: refusal.hint,
  };
}

export function encodeError(error: LocalError, severity: 'ERROR' | 'FATAL' = 'ERROR'): Buffer {
  const fields: ReportFields = new Map([
    ['S', severity],
    ['V', severity],
    ['C', error.code],
    ['M', error.message],
  ]);
  if (error.detail !== null) fields.set('D', error.detail);
  if (error.hint !== null) fields.set('H', error.hint);
  return encodeReport('E', fields);
}

export function encodeSessionRefusal(refusal: WireRefusal): Buffer {
  return encodeFatal(sessionStates[refusal.reason], refusal.message, refusal.hint);
}

export function encodeFatal(code: string, message: string, hint: string | null): Buffer {
  return encodeError({ code, message, detail: null, hint }, 'FATAL');
}

export function encodeNotice(message: string, detail: string | null, hint: string | null): Buffer {
  // 01000 is the class of warnings; severity NOTICE keeps clients from treating it as one.
  const fields: ReportFields = new Map([
    ['S', 'NOTICE'],
    ['V', 'NOTICE'],
    ['C', '01000'],
    ['M', message],
  ]);
  if (detail !== null) fields.set('D', detail);
  if (hint !== null) fields.set('H', hint);
  return encodeReport('N', fields);
}

/** The SQLSTATE for a fault that ends the session. */
export function stateOfFault(error: SluiceError): string {
  if (error.code === 'too-large') return '54000';
  if (error.code === 'wrong-database') return '3D000';
  if (error.code === 'unsupported') return '0A000';
  if (error.code === 'target-unreachable' || error.code === 'unavailable') return '08006';
  return '08P01';
}
