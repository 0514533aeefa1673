/** The control plane dies while statements wait: the gateway keeps them, and every page comes back by itself. */
import { expect, test } from './browser.ts';

/** Each has a session of its own at the gateway's port. */
const waiting = 20;

test.describe('the control plane is killed', () => {
  // The pages ask while nobody answers.
  test.use({ expectedComplaints: /Failed to load resource|WebSocket connection|ERR_|NetworkError|status of 50\d/ });
  test.describe.configure({ timeout: 240_000 });

  test('waiting statements go on waiting, open pages come back, and decisions run them', async ({ pageOf, stack }) => {
    const approvals = stack.api('reviewer').approvals;
    const pages = [await pageOf('reviewer'), await pageOf('reviewer-two', { width: 390, height: 844 })];
    for (const page of pages) await page.goto('/approvals');
    let settled = 0;
    const hold = async (id: number) => {
      const client = await stack.driver('coding-agent');
      const outcome = client
        .query(`UPDATE customers SET notes = 'after the restart' WHERE id = ${id}`)
        .then(
          ({ rowCount }) => rowCount,
          (error: Error) => error.message,
        )
        .finally(() => settled++);
      return { client, outcome };
    };
    const held = await Promise.all(Array.from({ length: waiting }, (_, index) => hold(index + 1)));
    const shows = async (count: number) => {
      for (const page of pages)
        await expect(
          page.getByRole('list', { name: 'Approvals' }).getByRole('button', { name: /UPDATE customers/ }),
        ).toHaveCount(count, { timeout: 90_000 });
    };
    await shows(waiting);

    const killed = Date.now();
    process.kill(stack.pidOf('server.mjs'), 'SIGKILL');
    await expect
      .poll(
        () =>
          approvals.countWaiting.query().then(
            ({ all }) => all,
            () => -1,
          ),
        { timeout: 90_000 },
      )
      .toBe(waiting);
    const backMs = Date.now() - killed;
    expect(settled).toBe(0);

    // Nobody reloads: what comes now reaches the open pages by their own new connections.
    let late = await hold(waiting + 1);
    await expect
      .poll(
        async () => {
          // Until its gateway is back, a statement that needs people is refused at once, and may be sent again.
          if (settled > 0) {
            console.log(`restart: refused after ${Date.now() - killed} ms: ${await late.outcome}`);
            await late.client.end();
            settled = 0;
            late = await hold(waiting + 1);
          }
          return (await approvals.countWaiting.query()).all;
        },
        { timeout: 90_000 },
      )
      .toBe(waiting + 1);
    expect(settled).toBe(0);
    await shows(waiting + 1);
    console.log(`restart: answered after ${backMs} ms, every page live after ${Date.now() - killed} ms`);

    const { items } = await approvals.listApprovals.query({ scope: 'all' });
    for (const { id } of items) await approvals.decideApproval.mutate({ id, outcome: 'approve' });
    for (const { client, outcome } of [...held, late]) {
      expect(await outcome).toBe(1);
      await client.end();
    }
    // The one that is open stays, as decided: a reader loses nothing from under their eyes.
    for (const page of pages) await expect(page.getByText('0 waiting', { exact: true })).toBeVisible();
  });
});
