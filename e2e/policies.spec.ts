import { expect, expectAccessible, expectNoOverflow, settled, test } from './browser.ts';

test('a typo is shown at its line, a policy is published with its reason and rolled back', async ({ pageOf }) => {
  const page = await pageOf('admin');
  await page.goto('/policies');
  const editor = page.getByLabel('Policy in YAML');
  await expect(editor).toBeVisible();
  await expect(page.getByText('no problems')).toBeVisible();

  await editor.click();
  await page.keyboard.press('ControlOrMeta+End');
  await page.keyboard.insertText('\nsurprise: true\n');
  await expect(page.getByText('1 problem').first()).toBeVisible();
  await expect(page.getByRole('button', { name: /surprise/ })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Publish…' })).toBeDisabled();

  await page.getByRole('button', { name: 'Discard' }).click();
  await editor.click();
  await page.keyboard.press('ControlOrMeta+Home');
  await page.keyboard.insertText('# Looked over in the browser.\n');
  await expect(page.getByText('no problems')).toBeVisible();
  await page.getByRole('button', { name: 'Diff' }).click();
  await expect(page.getByRole('table', { name: /Difference/ })).toContainText('# Looked over in the browser.');
  await page.getByRole('button', { name: 'Publish…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Why').fill('A comment for the next reader');
  await dialog.getByRole('button', { name: 'Publish' }).click();
  await expect(page.getByText('Version 2 is in force, published by admin')).toBeVisible();

  await page.getByRole('tab', { name: 'Versions' }).click();
  await page
    .getByRole('list', { name: 'Versions' })
    .getByRole('button', { name: /Version 1/ })
    .click();
  await page.getByRole('button', { name: 'Roll back to this…' }).click();
  await dialog.getByLabel('Why').fill('Back to the default');
  await dialog.getByRole('button', { name: 'Roll back' }).click();
  await expect(page.getByText('Version 3 is in force, published by admin')).toBeVisible();

  await page.goto('/audit');
  await page.getByRole('button', { name: 'Verify the chain' }).click();
  await expect(page.getByText(/entries verified/)).toBeVisible();
});

test('explain shows what would happen, who says so and what is masked, also by the draft', async ({ pageOf }) => {
  const page = await pageOf('admin');
  await page.goto('/policies?tab=explain&as=coding-agent&connection=demo-postgres');
  await expect(page.getByRole('tab', { name: 'Explain' })).toHaveAttribute('aria-selected', 'true');
  await expect(page.getByText('Ask before it matters')).toBeVisible();
  await expectAccessible(page);

  const statement = page.getByLabel('Statement');
  const verdict = page.getByRole('region', { name: 'Verdict' });
  await statement.fill('DROP TABLE orders');
  await statement.press('ControlOrMeta+Enter');
  await expect(verdict).toContainText('It would be refused.');
  await expect(verdict.getByRole('link', { name: 'deny-agent-destructive' })).toBeVisible();
  await expect(verdict).toContainText('For coding-agent on demo-postgres, by policy version');
  await expect(page.getByRole('list', { name: 'Matching rules' }).getByRole('listitem').first()).toContainText(
    'deny-agent-destructive',
  );

  await statement.fill('UPDATE customers SET phone = NULL WHERE id = 7');
  await page.getByRole('button', { name: 'Explain' }).click();
  await expect(verdict).toContainText('It would wait for a person.');
  await expect(page.getByText('1 person among reviewer, admin must approve it within 30 min')).toBeVisible();

  await statement.fill('SELECT id, email FROM customers');
  await statement.press('ControlOrMeta+Enter');
  await expect(verdict).toContainText('It would pass.');
  await expect(page.getByRole('listitem').filter({ hasText: /^customers\.email/ })).toContainText('mask-contact');
  await expectAccessible(page);
  await expectNoOverflow(page);

  await page.getByRole('tab', { name: 'Policy' }).click();
  const editor = page.getByLabel('Policy in YAML');
  await editor.click();
  await page.keyboard.press('ControlOrMeta+Home');
  await page.keyboard.insertText('# A draft.\n');
  await page.getByRole('tab', { name: 'Explain' }).click();
  // What was asked and answered is still there.
  await expect(statement).toHaveValue('SELECT id, email FROM customers');
  await expect(verdict).toContainText('It would pass.');
  await expect(page.getByLabel('Against the draft in the editor')).toBeChecked();
  await statement.fill('SELECT 1');
  await statement.press('ControlOrMeta+Enter');
  await expect(verdict).toContainText('by the draft');
});

test('explain fits a phone in the dark, and says why a text cannot be read', async ({ pageOf }) => {
  const page = await pageOf('admin', { width: 390, height: 844, colorScheme: 'dark' });
  await page.goto('/policies?tab=explain');
  await settled(page);
  await page.getByLabel('Statement').fill('SELECT FROM WHERE');
  await page.getByRole('button', { name: 'Explain' }).click();
  await expect(page.getByText('It could not be read, at character 13')).toBeVisible();
  await expectNoOverflow(page);
  await expectAccessible(page);
});
