import { readChunks } from '@sluice/database';
import { decodeEvents, mayHold, readChunk } from '@sluice/recording';
import { z } from 'zod';
import { id } from '../inputs.ts';
import { query } from '../procedure.ts';
import type { SessionNoteView } from '../views.ts';
import { visibleSession } from './visible-session.ts';

/** Chunks that are looked through, from the first on, and notes of one answer. */
const maxChunks = 500;
const maxNotes = 200;
/** What a gateway asks a target by itself is noted for every connection, and is no news to whoever reads a session. */
const ownQuestion = 'gateway asked the target: ';

/** What the gateway noted about a session as a whole: above all the grants that were in force, that came and that ended. Oldest first. */
export const listNotes = query({
  permission: 'sessions.read.own',
  input: z.strictObject({ id }),
  run: async ({ input, db, caller }): Promise<readonly SessionNoteView[]> => {
    await visibleSession(db, input.id, caller, 'sessions.read');
    const notes: SessionNoteView[] = [];
    for await (const { bytes } of readChunks(db, input.id, 0, maxChunks - 1)) {
      const chunk = readChunk(bytes);
      if (!mayHold(chunk, 'session.note')) continue;
      for (const event of decodeEvents(chunk))
        if (event.type === 'session.note' && !event.text.startsWith(ownQuestion))
          notes.push({ at: new Date(event.at), text: event.text });
      if (notes.length >= maxNotes) break;
    }
    return notes.slice(0, maxNotes);
  },
});
