'use client';

import type { CredentialPurpose, CredentialReference, SealedEnvelope, TargetAddress } from '@sluice/domain';
import { sealCredential } from '@sluice/keys/sealing';
import { useQueryClient } from '@tanstack/react-query';
import { useTRPC } from '../../client/trpc.ts';
import type { ConnectionDraft } from './connection-draft.ts';

export interface CredentialPlace {
  readonly groupId: string;
  readonly connectionId: string;
  readonly address: TargetAddress;
}

export interface CredentialInput {
  readonly credential?: SealedEnvelope[];
  readonly credentialReference?: CredentialReference;
  readonly readerCredential?: SealedEnvelope[];
  readonly readerCredentialReference?: CredentialReference;
}

/**
 * Makes what a form's credential fields hold ready to send: passwords sealed to the key of every confirmed gateway of the group, fetched
 * anew so that a re-keyed one is not missed; references as they are.
 */
export function useCredentials(): (
  place: CredentialPlace,
  draft: ConnectionDraft,
  purposes: Readonly<Record<CredentialPurpose, boolean>>,
) => Promise<CredentialInput> {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  return async ({ groupId, connectionId, address }, draft, purposes) => {
    const writer = { username: draft.username, password: draft.password };
    const reader = { username: draft.readerUsername, password: draft.readerPassword };
    if (draft.passwordIn === 'gateway')
      return {
        ...(purposes.writer ? { credentialReference: writer } : {}),
        ...(purposes.reader ? { readerCredentialReference: reader } : {}),
      };
    const keys = await queryClient.fetchQuery(
      trpc.connections.listSealingKeys.queryOptions({ groupId }, { staleTime: 0 }),
    );
    if (keys.length === 0) throw new Error('No gateway of this group has a confirmed sealing key. Enrol one again.');
    const seal = (credential: typeof writer, purpose: CredentialPurpose) =>
      Promise.all(
        keys.map(({ sealingKey }) =>
          sealCredential({ recipientKey: sealingKey, address, connectionId, credential, purpose }),
        ),
      );
    return {
      ...(purposes.writer ? { credential: await seal(writer, 'writer') } : {}),
      ...(purposes.reader ? { readerCredential: await seal(reader, 'reader') } : {}),
    };
  };
}
