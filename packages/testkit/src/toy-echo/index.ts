export { EchoServer } from './echo-server.ts';
export { LineStream, maxLineBytes } from './line-stream.ts';
export { toyEcho } from './protocol.ts';
export { toyLanguage } from './toy-language.ts';
export { refusalIn, ToySession, toyConnection } from './toy-session.ts';
