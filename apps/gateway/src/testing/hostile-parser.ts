/** A parse worker whose language hangs, throws or ends the thread when a text says so. Bundled and run as a real thread by the tests. */
import { type Language, unreadableFacts } from '@sluice/domain';
import { runParseWorker } from '../parse-worker.ts';

/** What breaks the thread that reads it. */
export type HostileText = 'hang' | 'throw' | 'exit';

let readings = 0;

const hostile: Language = {
  name: 'hostile',
  load: () => Promise.resolve(),
  read: (text, { catalogue }) => {
    if (text === 'hang') for (;;);
    if (text === 'throw') throw new Error('unreachable executed');
    if (text === 'exit') process.exit(1);
    if (text === 'syntax') return { ok: false, reason: 'syntax', message: 'no', position: 1 };
    readings++;
    // How often this thread has read tells a cached answer from a new one.
    const facts = unreadableFacts('hostile', text, JSON.stringify({ readings, catalogue }));
    return { ok: true, statements: [facts] };
  },
  describe: (text) => {
    if (text === 'hang') for (;;);
    return { canonical: text.toUpperCase(), tree: JSON.stringify(text), comment: null };
  },
};

void runParseWorker([hostile]);
