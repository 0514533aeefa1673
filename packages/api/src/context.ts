import type { Bus, Database } from '@sluice/database';
import type { Secret, SluiceError } from '@sluice/domain';
import type { Caller, InstallationKeys } from '@sluice/identity';
import type { SigningKeys } from '@sluice/keys';

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** Seals what this node has to be able to open again; `context` binds it to its place. */
export interface AtRest {
  readonly seal: (plaintext: Secret, context: string) => string;
  readonly open: (sealed: string, context: string) => Secret;
}

/** What the control plane's node lends to procedures. */
export interface ApiServices {
  readonly database: Database;
  readonly bus: Bus;
  readonly signing: SigningKeys;
  readonly atRest: AtRest;
  /** Seals one of the installation's own secrets for a row; `context` names table, row and purpose. */
  readonly sealSecret: (secret: Secret, context: string) => string;
  readonly openSecret: (sealed: string, context: string) => Secret;
  /** Below which event streams may write files; null: nowhere. */
  readonly eventFolder: string | null;
  /** PEM. */
  readonly caRoot: string;
  /** Without a slash at the end. */
  readonly publicUrl: string;
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
}
