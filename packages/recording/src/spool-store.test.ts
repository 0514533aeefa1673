import { afterAll, expect, test } from 'vitest';
import { fileSpool } from './spool-store.ts';
import { TestFolders } from './testing/sample-recording.ts';

const folders = new TestFolders();
afterAll(() => folders.remove());

test('a file that is closed while it is synced is still synced, and no sync comes after its end', async () => {
  const store = fileSpool(folders.make());
  for (let round = 0; round < 200; round += 1) {
    const file = store.create('one.open');
    file.write(Buffer.from('x'), 0);
    const synced = file.sync();
    file.close();
    file.close();
    // Would get the number of the descriptor, were that free already.
    const other = store.create('two.open');
    await expect(file.sync()).rejects.toThrow('closed');
    await synced;
    await other.sync();
    other.close();
  }
});
