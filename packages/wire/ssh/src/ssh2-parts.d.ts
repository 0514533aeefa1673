interface AuthenticatingProtocol {
  readonly _kex: { readonly sessionID: Buffer };
  readonly _authsQueue: string[];
  readonly _packetRW: {
    readonly write: { readonly allocStart: number; alloc(length: number): Buffer; finalize(packet: Buffer): Buffer };
  };
}

declare module 'ssh2/lib/protocol/Protocol.js' {
  import type { ParsedKey } from 'ssh2';

  const Protocol: {
    readonly prototype: {
      parse(
        this: { _remoteIdentRaw?: Buffer; _buffer?: Buffer | undefined },
        bytes: Buffer,
        from: number,
        to: number,
      ): void;
      authPK(
        this: AuthenticatingProtocol,
        username: string,
        key: ParsedKey,
        algorithm: string | undefined,
        sign?: (data: Buffer, done: (signature: Buffer) => void) => void,
      ): void;
    };
  };
  export default Protocol;
}
declare module 'ssh2/lib/protocol/utils.js' {
  const parts: {
    sendPacket(protocol: unknown, packet: Buffer, bypass?: boolean): void;
    /** False when it is no signature of that kind of key. */
    convertSignature(signature: Buffer, keyType: string): Buffer | false;
  };
  export default parts;
}
