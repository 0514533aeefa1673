'use client';

import type { CredentialPurpose, SealedEnvelope, TargetAddress } from '@sluice/domain';
import { sealCredential } from '@sluice/keys/sealing';
import { useQueryClient } from '@tanstack/react-query';
import { useTRPC } from '../../client/trpc.ts';

/** Seals a credential to a gateway's key, fetched anew so that a re-keyed gateway is not missed. */
export function useSeal(): (input: {
  gatewayId: string;
  connectionId: string;
  address: TargetAddress;
  username: string;
  password: string;
  purpose: CredentialPurpose;
}) => Promise<SealedEnvelope> {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  return async ({ gatewayId, connectionId, address, username, password, purpose }) => {
    const keys = await queryClient.fetchQuery(
      trpc.connections.listSealingKeys.queryOptions({ gatewayId }, { staleTime: 0 }),
    );
    const key = keys.find((known) => known.gatewayId === gatewayId);
    if (key === undefined) throw new Error('This gateway has no sealing key. Enrol it again.');
    const credential = { username, password };
    return sealCredential({ recipientKey: key.sealingKey, address, connectionId, credential, purpose });
  };
}
