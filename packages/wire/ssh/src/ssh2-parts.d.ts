declare module 'ssh2/lib/protocol/utils.js' {
  const parts: {
    sendPacket(protocol: unknown, packet: Buffer, bypass: boolean): void;
  };
  export default parts;
}
