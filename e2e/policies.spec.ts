import { expect, test } from './browser.ts';

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
