import { newId } from '@sluice/keys';
import { fileSpool } from '../spool-store.ts';
import { SpoolWriter } from '../spool-writer.ts';
import { note, sampleGatewayId, sampleKeys } from './sample-recording.ts';

/** Records to the folder and prints the public key, then the number of each event that `append` confirmed, until its process is killed. */
export function appendUntilKilled(folder: string): void {
  const writer = new SpoolWriter({
    store: fileSpool(folder),
    gatewayId: sampleGatewayId,
    keys: sampleKeys,
    onFault: (message, error) => process.stderr.write(`${message} ${String(error)}\n`),
    onChunk: () => undefined,
  });
  const recorder = writer.openSession(newId());
  process.stdout.write(`${sampleKeys.publicKey}\n`);
  const appendSome = (): void => {
    for (let count = 0; count < 100; count += 1) {
      recorder.append(note('x'.repeat(2000)), { durable: false });
      const seq = recorder.append(note('confirmed'), { durable: true });
      process.stdout.write(`${seq}\n`);
    }
    setImmediate(appendSome);
  };
  appendSome();
}
