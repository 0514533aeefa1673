import type { ProtocolManifest } from '@sluice/wire-kit';
import { z } from 'zod';

/** A line-based echo: the smallest protocol that has everything the interface asks for. */
export const toyEchoManifest: ProtocolManifest = {
  name: 'toy-echo',
  label: 'Toy echo',
  defaultPort: 7,
  replayView: 'statements',
  abilities: { hold: true, maskResults: true, cancel: true, exec: false },
  optionsSchema: z.strictObject({ refused: z.string().min(1) }),
  optionFields: [
    {
      name: 'refused',
      label: 'Refused word',
      help: 'A line that holds this word cannot be proved harmless.',
      placeholder: 'forbidden',
      required: true,
    },
  ],
  statementLabel: 'Line',
  highlight: 'plain',
  connectHints: (place) => [{ title: 'netcat', language: 'shell', text: `nc ${place.host} ${place.port}` }],
  tlsRequest: null,
  unavailable: (message, hint) => new TextEncoder().encode(`ERROR ${JSON.stringify({ message, hint })}\n`),
};
