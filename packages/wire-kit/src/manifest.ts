import type { z } from 'zod';

/** How a session of this protocol is replayed; apps/web owns the three views. */
export type ReplayView = 'statements' | 'terminal' | 'exchange';

/** What a protocol is able to do, as data for UI, CLI and API. */
export interface ProtocolAbilities {
  readonly hold: boolean;
  readonly maskResults: boolean;
  readonly cancel: boolean;
  readonly exec: boolean;
  /** Takes a statement back that changed more rows than it may. Absent: nothing runs under a row ceiling. */
  readonly rowCeiling?: boolean;
  /** Tries a held statement and takes it back. */
  readonly rehearse?: boolean;
  /** Keeps what an approved statement changed, and can put it back. */
  readonly undo?: boolean;
}

/** One field of a connection's options, for forms. The zod schema stays the judge. */
export interface OptionField {
  readonly name: string;
  readonly label: string;
  readonly help: string;
  readonly placeholder: string;
  readonly required: boolean;
}

/** How a form asks for the secret of the account at the target, where one line of password is not all that a protocol takes. */
export interface SecretField {
  /** Stands where “Password” would. */
  readonly label: string;
  readonly help: string;
  /** A short reason in whole sentences why the target will never take this secret, or null. The form shows it; the gateway judges. */
  readonly complaint: (secret: string) => string | null;
}

/** Public keys that people and agents sign in with at gateways, as a page explains them. */
export interface ClientKeys {
  /** What they are called, as a heading: `SSH keys`. */
  readonly title: string;
  /** The command that makes a pair. */
  readonly make: string;
  /** The file whose one line is registered. */
  readonly file: string;
  readonly placeholder: string;
  /** Why a pasted text is no public key, in whole sentences, or null. Asked before it leaves the page; the control plane judges. */
  readonly complaint: (line: string) => string | null;
}

/** Where a client connects, for `connectHints`. `secret` is a placeholder unless the page just minted one. */
export interface ConnectPlace {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly caFile: string;
  readonly username: string;
  readonly secret: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** One copy-paste way to connect. */
export interface ConnectHint {
  readonly title: string;
  readonly language: 'shell' | 'url' | 'typescript' | 'python' | 'java' | 'text';
  readonly text: string;
}

/** A protocol's facts as browser-safe data: nobody outside the protocol's folder branches on its name. */
export interface ProtocolManifest {
  readonly name: string;
  readonly label: string;
  readonly defaultPort: number;
  readonly replayView: ReplayView;
  readonly abilities: ProtocolAbilities;
  /** Checks a connection's `options` JSON. */
  readonly optionsSchema: z.ZodType<Record<string, unknown>>;
  readonly optionFields: readonly OptionField[];
  /** A secret of several lines at the target. Absent: a password of one line. */
  readonly secretField?: SecretField;
  /** Absent: clients of this protocol sign in with no keys. */
  readonly clientKeys?: ClientKeys;
  /** A browser can open an interactive terminal: the protocol stands in the list of terminal clients. Absent: none. */
  readonly webTerminal?: true;
  /** What one statement is called in the UI's table heads, e.g. `SQL`. */
  readonly statementLabel: string;
  /** For syntax colour: a language name that apps/web's highlighter knows, or `plain`. */
  readonly highlight: string;
  readonly connectHints: (place: ConnectPlace) => readonly ConnectHint[];
  /**
   * The protocol's own bytes for "this session cannot begin", whatever the client sent first: the relay, which parses no
   * protocol, writes them before it closes when a gateway is offline.
   */
  readonly unavailable: (message: string, hint: string) => Uint8Array;
  /**
   * Present where the protocol takes certificates of Sluice's own authority: what one of them allows, by the connection's options and
   * by whether a person or an agent asks.
   */
  readonly clientCertificates?: {
    readonly extensions: (options: unknown, actorKind: 'person' | 'service') => readonly string[];
  };
  /** The constant bytes by which a client asks for TLS before anything else, and the answer yes; null where there are none. */
  readonly tlsRequest: { readonly request: Uint8Array; readonly accept: Uint8Array } | null;
}
