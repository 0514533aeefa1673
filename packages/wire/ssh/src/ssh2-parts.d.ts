declare module 'ssh2/lib/protocol/Protocol.js' {
  const Protocol: {
    readonly prototype: {
      parse(
        this: { _remoteIdentRaw?: Buffer; _buffer?: Buffer | undefined },
        bytes: Buffer,
        from: number,
        to: number,
      ): void;
    };
  };
  export default Protocol;
}
declare module 'ssh2/lib/protocol/utils.js' {
  const parts: {
    sendPacket(protocol: unknown, packet: Buffer, bypass: boolean): void;
  };
  export default parts;
}
