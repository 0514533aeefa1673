/** What follows when a byte stream cannot be recorded: it does not go on. */
import type { SluiceError } from '@sluice/domain';
import type { EventSink } from '@sluice/recording';
import type { LiveSessions } from './live-sessions.ts';
import type { RecordingPort, SessionPorts } from './ports.ts';

export interface SinkOfSession {
  readonly id: string;
  readonly ports: SessionPorts;
  readonly recorder: RecordingPort;
  readonly live: LiveSessions;
}

/** Where terminals and streams put their events. A fault ends the session; what comes when it is closed is dropped. */
export function eventSinkOf({ id, ports, recorder, live }: SinkOfSession, isClosed: () => boolean): EventSink {
  return {
    append: (event, options) => (isClosed() ? undefined : recorder.append(event, options)),
    now: ports.now,
    onFault: (error: SluiceError) => {
      ports.log('error', 'a session ends because it cannot be recorded', { session: id, code: error.code });
      live.terminate(id, { reason: 'unavailable', message: 'this session cannot be recorded', hint: error.hint ?? '' });
    },
  };
}
