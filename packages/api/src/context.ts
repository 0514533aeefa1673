import type { Bus, Database } from '@sluice/database';
import type { SluiceError } from '@sluice/domain';
import type { Caller, InstallationKeys } from '@sluice/identity';
import type { AtRest, SigningKeys } from '@sluice/keys';

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** What the control plane's node lends to procedures. */
export interface ApiServices {
  readonly database: Database;
  readonly bus: Bus;
  readonly signing: SigningKeys;
  /** Seals the installation's own secrets for their rows. */
  readonly atRest: AtRest;
  /** Below which event streams may write files; null: nowhere. */
  readonly eventFolder: string | null;
  /** The authority of SSH certificates, as it stands in the database now. */
  readonly sshAuthority: InstallationKeys['sshAuthority'];
  /** PEM. */
  readonly caRoot: string;
  /** Without a slash at the end. */
  readonly publicUrl: string;
  /** Whether this node still takes what the key before sealed or signed: the middle of a change. */
  readonly oldKeysTaken: { readonly master: boolean; readonly cookie: boolean };
  /** Makes and publishes the next key of a kind. */
  readonly beginKeyRotation: InstallationKeys['beginRotation'];
  /** Where people reach the relay's native ports. */
  readonly relayHost: string;
  readonly relayPorts: PortRange;
  readonly listenerPorts: PortRange;
  /** True when this node could listen on the port; a second control plane on the machine may hold it. */
  readonly portIsFree: (port: number) => Promise<boolean>;
  /** Why this node does not listen for a connection, or null. */
  readonly relayProblem: (connectionId: string) => string | null;
}

export interface ApiContext {
  readonly services: ApiServices;
  readonly caller: Caller | null;
  /** Why there is no caller, when credentials were presented. */
  readonly refusal: SluiceError | null;
  /** The client's address, as far as the node can tell. */
  readonly address: string | null;
  /** What the client calls itself; null where it says nothing. */
  readonly software: string | null;
}
