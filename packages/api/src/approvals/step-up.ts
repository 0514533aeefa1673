import type { ApprovalRow, Db, Tx } from '@sluice/database';
import { listPasskeysOfPerson, lockPasskeysOfPerson, notePasskeyUse } from '@sluice/database';
import { type Actor, type Assertion, decisionText, SluiceError } from '@sluice/domain';
import { clonedPasskey, signer } from '../passkeys/fresh-sign-in.ts';
import { passkeySite } from '../passkeys/read-registration.ts';
import type { StepUpView } from '../views.ts';

export interface StepUpRequest {
  readonly row: ApprovalRow;
  readonly actor: Actor;
  readonly outcome: 'approve' | 'deny';
  readonly assertion: Assertion | undefined;
  readonly publicUrl: string;
  readonly now: Date;
}

/**
 * The assertion that goes with a decision: null where the connection asks for none. It is checked here so that a person hears at once
 * what is wrong; what counts is the gateway's own check. Throws SluiceError `forbidden`.
 */
export async function demandStepUp(tx: Tx, request: StepUpRequest): Promise<Assertion | null> {
  const { row, actor, outcome, assertion, publicUrl, now } = request;
  if (row.connection.stepUp !== 'passkey') return null;
  if (assertion === undefined)
    throw new SluiceError('forbidden', `Decisions on ${row.connection.name} are signed with a passkey.`, {
      audience: 'person',
      hint: 'Decide in the browser, with a passkey of yours. Register one under your name, Passkeys.',
    });
  const passkeys = await lockPasskeysOfPerson(tx, actor.id);
  const text = textOf(row, outcome, actor.id);
  const { passkey, counter } = signer(passkeys, { assertion, text, publicUrl });
  if (!(await notePasskeyUse(tx, passkey.id, counter, now))) throw clonedPasskey();
  return assertion;
}

/** What the viewer's browser has to sign for either answer; null where the connection asks for nothing. */
export async function toStepUpView(
  db: Db,
  row: ApprovalRow,
  viewer: Actor,
  publicUrl: string,
): Promise<StepUpView | null> {
  if (row.connection.stepUp !== 'passkey') return null;
  const passkeys = viewer.kind === 'person' ? await listPasskeysOfPerson(db, viewer.id) : [];
  return {
    rpId: passkeySite(publicUrl).rpId,
    texts: { approve: textOf(row, 'approve', viewer.id), deny: textOf(row, 'deny', viewer.id) },
    passkeys: passkeys.map(({ credentialId, transports }) => ({ credentialId, transports })),
  };
}

function textOf(row: ApprovalRow, outcome: 'approve' | 'deny', personId: string): string {
  const { gatewayId, id: approvalId, effectDigest } = row;
  return decisionText({ gatewayId, approvalId, effectDigest, outcome, personId });
}
