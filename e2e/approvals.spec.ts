import type { Page } from '@playwright/test';
import { expect, test } from './browser.ts';
import type { Stack } from './stack.ts';

async function phoneOf(stack: Stack, id: number): Promise<string> {
  const client = await stack.direct();
  try {
    const { rows } = await client.query<{ phone: string }>('SELECT phone FROM customers WHERE id = $1', [id]);
    return rows[0]?.phone ?? '';
  } finally {
    await client.end();
  }
}

function row(page: Page, text: string) {
  return page.getByRole('list', { name: 'Approvals' }).getByRole('button', { name: text });
}

test.describe('approvals', () => {
  test('a held statement appears by itself and runs once a reviewer approves it by keyboard', async ({
    pageOf,
    stack,
  }) => {
    const page = await pageOf('reviewer');
    await page.goto('/approvals');
    await expect(page.getByText('Nothing is waiting')).toBeVisible();

    const sent = stack.psql('coding-agent', "UPDATE customers SET phone = '+49 30 5550 4422' WHERE id = 21", {
      args: [],
    });
    await expect(row(page, 'UPDATE customers')).toBeVisible();
    const pane = page.getByRole('article', { name: 'Approval' });
    await expect(pane.getByText('for engineer')).toBeVisible();
    await expect(pane.getByRole('region', { name: 'As it was sent' })).toContainText('UPDATE customers');
    await expect(pane.getByRole('button', { name: 'Approve' })).toBeEnabled();

    await page.keyboard.press('a');
    await expect(pane.getByText('again to approve')).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(pane.getByText('again to approve')).toBeHidden();
    await page.keyboard.press('a');
    await page.keyboard.press('a');
    await expect(pane.getByText(/Ran in .*, 1 row\./)).toBeVisible();

    expect((await sent).out).toContain('UPDATE 1');
    expect(await phoneOf(stack, 21)).toBe('+49 30 5550 4422');
  });

  test('leave for others like it lets them run without asking, up to so many rows, until it is ended', async ({
    pageOf,
    stack,
  }) => {
    const page = await pageOf('reviewer');
    await page.goto('/approvals');
    const update = (where: string, signal?: AbortSignal) =>
      stack.psql('coding-agent', `UPDATE customers SET notes = 'called' WHERE ${where}`, {
        args: [],
        ...(signal === undefined ? {} : { signal }),
      });
    const sent = update('id = 31');
    await row(page, 'UPDATE customers').first().click();
    await page.getByRole('checkbox', { name: 'The same for an hour' }).click();
    await expect(page.getByText(/Also lets run, without asking anybody: UPDATE of public\.customers/)).toBeVisible();
    await page.getByRole('spinbutton', { name: 'Rows that each of them may change' }).fill('2');
    await page.getByRole('button', { name: 'Approve' }).click();
    expect((await sent).out).toContain('UPDATE 1');
    await expect(page.getByText(/the same for 60 minutes, 2 rows each/)).toBeVisible();
    // The leave reaches the gateway with the revocation epoch; until then somebody would be asked, and the client gives up.
    await expect
      .poll(async () => (await update('id = 32', AbortSignal.timeout(8_000))).out, { timeout: 90_000 })
      .toContain('UPDATE 1');
    const tooMany = await update('id < 30');
    expect(tooMany.out).not.toContain('UPDATE');
    expect(tooMany.err).toContain('2 rows');
    await page.getByRole('button', { name: 'Away, and leave that was given' }).click();
    const leave = page.getByRole('region', { name: 'Leave for others like it' });
    await leave.getByRole('button', { name: 'End' }).click();
    await expect(leave).toContainText('No decision lets others like it run right now.');
  });

  test('denying returns the reviewer’s comment to whoever asked', async ({ pageOf, stack }) => {
    const page = await pageOf('reviewer');
    await page.goto('/approvals');
    const before = await phoneOf(stack, 22);
    const sent = stack.psql('coding-agent', "UPDATE customers SET phone = '000' WHERE id = 22", { args: [] });
    await expect(row(page, 'UPDATE customers')).toBeVisible();
    await page.getByLabel('Comment, sent to whoever asked').fill('Use the staging database for this.');
    await page.getByRole('button', { name: 'Deny' }).click();
    await expect(page.getByText('Denied. It never reached the target.')).toBeVisible();
    expect((await sent).err).toContain('Use the staging database for this.');
    expect(await phoneOf(stack, 22)).toBe(before);
  });

  test('the agent’s owner sees it and why an own decision would not count', async ({ pageOf, stack }) => {
    const owner = await pageOf('engineer');
    const reviewer = await pageOf('reviewer');
    const sent = stack.psql('coding-agent', 'DELETE FROM payments WHERE id = 1', { args: [] });
    await reviewer.goto('/approvals');
    await expect(row(reviewer, 'DELETE payments')).toBeVisible();
    await row(reviewer, 'DELETE payments').click();
    await expect(reviewer).toHaveURL(/\/approvals\/[0-9a-f-]{36}$/);
    await owner.goto(new URL(reviewer.url()).pathname);
    await expect(owner.getByRole('article', { name: 'Approval' }).getByText(/owner|own/)).not.toHaveCount(0);
    await expect(owner.getByRole('button', { name: 'Approve' })).toHaveCount(0);
    await reviewer.getByRole('button', { name: 'Deny' }).click();
    await expect(owner.getByText('Denied. It never reached the target.')).toBeVisible();
    await sent;
  });

  test.describe('two reviewers at once', () => {
    test.use({ expectedComplaints: /status of 409/ });

    test('give one result', async ({ pageOf, stack }) => {
      const pages = await Promise.all([pageOf('reviewer'), pageOf('reviewer-two')]);
      const sent = stack.psql(
        'coding-agent',
        "INSERT INTO orders (id, customer_id, status, total_cents, placed_at, updated_at) VALUES (900001, 23, 'open', 123456, now(), now())",
        {
          args: [],
        },
      );
      for (const page of pages) {
        await page.goto('/approvals');
        await row(page, 'INSERT orders').click();
        await expect(page.getByRole('button', { name: 'Approve' })).toBeEnabled();
      }
      await Promise.all(pages.map((page) => page.getByRole('button', { name: 'Approve' }).click()));
      for (const page of pages) await expect(page.getByText(/Ran in .*, 1 row\./)).toBeVisible();
      expect((await sent).out).toContain('INSERT 0 1');
      const client = await stack.direct();
      const { rows } = await client.query('SELECT 1 FROM orders WHERE customer_id = 23 AND total_cents = 123456');
      await client.end();
      expect(rows).toHaveLength(1);
    });
  });

  test('what could fool a reader is drawn so that it cannot', async ({ pageOf, stack }) => {
    const page = await pageOf('reviewer');
    const hidden = `UPDATE customers SET notes = 'x' WHERE id = 24${' '.repeat(200)}AND id > 0 /* \u202e\u200b */`;
    const stop = new AbortController();
    const sent = stack.psql('coding-agent', hidden, { args: [], signal: stop.signal });
    await page.goto('/approvals');
    await row(page, 'UPDATE customers').click();
    const asSent = page.getByRole('region', { name: 'As it was sent' });
    await expect(asSent.getByRole('button', { name: '200 spaces' })).toBeVisible();
    await expect(asSent.getByText('1 character that turns the reading direction')).toBeVisible();
    await expect(asSent.getByText('1 invisible character')).toBeVisible();
    await expect(asSent).toContainText('AND');
    // The client gives up: the approval says so, here and now.
    stop.abort();
    await sent;
    await expect(page.getByText(/Cancelled: the client gave up/)).toBeVisible();
  });

  test('a phone shows one card with its two buttons in reach', async ({ pageOf, stack }) => {
    const page = await pageOf('reviewer', { width: 390, height: 844 });
    const sent = stack.psql('coding-agent', "UPDATE customers SET notes = 'call back' WHERE id = 25", { args: [] });
    await page.goto('/approvals');
    await row(page, 'UPDATE customers').click();
    const approve = page.getByRole('button', { name: 'Approve' });
    await expect(approve).toBeInViewport({ ratio: 1 });
    const box = await approve.boundingBox();
    expect(box?.height).toBeGreaterThanOrEqual(44);
    await approve.click();
    await expect(page.getByText(/Ran in .*, 1 row\./)).toBeVisible();
    expect((await sent).out).toContain('UPDATE 1');
    await page.goBack();
    await expect(page.getByRole('heading', { name: 'Approvals' })).toBeVisible();
  });
});
