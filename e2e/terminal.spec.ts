/** Replaying terminals: two hours of real programs' output, hostile output, and a session that runs. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { newId } from '@sluice/keys';
import { expect, expectAccessible, expectNoOverflow, settled, test } from './browser.ts';
import { root } from './stack.ts';
import { actorOf, capture, print, type RecordedSession, RecordingGateway, type } from './terminal-recordings.ts';

const hourMs = 3_600_000;
const sheetFolder = join(root, 'test-results', 'terminal');

/** What the screen shows, without its colours. */
const screenText = async (page: Page) =>
  (await page.getByRole('region', { name: 'Screen' }).locator('.xterm-rows').textContent()) ?? '';

/** A script that notes when, in ms since the navigation began, the first prompt stood on the screen. */
const watchOpening = `
  const timer = setInterval(() => {
    if (!document.querySelector('.xterm-rows')?.textContent.includes('ops@web-01')) return;
    window.openedAt = Math.round(performance.now());
    clearInterval(timer);
  }, 5);`;

/** A script that notes, for each press of the pointer, how many ms later the screen changed. */
const watchSeeks = `
  window.seeks = [];
  window.addEventListener('pointerdown', () => {
    const rows = document.querySelector('.xterm-rows');
    const before = rows.textContent;
    const pressed = performance.now();
    const observer = new MutationObserver(() => {
      if (rows.textContent === before) return;
      observer.disconnect();
      window.seeks.push(Math.round(performance.now() - pressed));
    });
    observer.observe(rows, { subtree: true, childList: true, characterData: true });
  }, true);`;

/** Output in pieces that begin with a sequence of their own, each stamped with a number: no two moments look alike. */
function printStamped(session: RecordedSession, output: string, pieceCharacters: number, pauseMs: number): void {
  for (let from = 0; from < output.length; ) {
    const next = output.indexOf('\x1b[', from + pieceCharacters);
    const end = next < 0 ? output.length : next;
    print(session, `${output.slice(from, end)}\x1b7\x1b[1;80H ${session.now()} \x1b8`, end - from + 40, pauseMs);
    from = end;
  }
}

async function recordLong(session: RecordedSession): Promise<void> {
  const listing = capture('ls -la --color=always /usr/bin /usr/lib');
  const top = capture('top -d 0.3', 3);
  const editor = capture("vim -u NONE -c 'set number' -c 'normal 20j' /etc/services", 2);
  const begun = session.now();
  for (let round = 0; session.now() - begun < 2 * hourMs; round += 1) {
    session.terminal.output(Buffer.from('\x1b[32mops@web-01\x1b[0m:\x1b[34m~\x1b[0m$ '));
    session.wait(1_200);
    type(session, round === 10 ? 'grep -c needle-in-the-hay /var/log/syslog' : `ls -la /usr/bin # ${round}`);
    printStamped(session, listing.slice(0, 60_000), 8_000, 60);
    session.terminal.output(Buffer.from('\x1b[32mops@web-01\x1b[0m:\x1b[34m~\x1b[0m$ '));
    type(session, round % 2 === 0 ? 'top' : 'vim /etc/services');
    for (let again = 0; again < 3; again += 1) printStamped(session, round % 2 === 0 ? top : editor, 4_000, 3_000);
    session.terminal.output(Buffer.from(`\x1b[?1049l\r\nround ${round}\r\n`));
    session.wait(60_000);
    // The pusher's connection must not be left waiting.
    await new Promise((resolve) => setImmediate(resolve));
  }
  session.terminal.output(Buffer.from('\r\nthe very end\r\n'));
  session.wait(1_000);
}

// What a tracer writes down costs more than the replay does, and the measures would be of it.
test.use({ trace: 'off' });

test.describe('a terminal’s replay', () => {
  test.describe.configure({ timeout: 900_000 });

  test('two hours open at once, jump anywhere, and are searched', async ({ pageOf, stack }, info) => {
    const gateway = await RecordingGateway.enrol(stack, 'recorded-terminals');
    const session = await gateway.open(await actorOf(stack, 'admin'), Date.now() - 2 * hourMs - 60_000);
    const statement = {
      type: 'statement.judged',
      index: 0,
      phase: 'run',
      origin: 'client',
      truncatedChars: 0,
      binds: [],
      kind: 'session',
      complete: true,
      objects: [],
      functions: [],
      filter: 'not-applicable',
      destructive: false,
      fingerprint: 'f',
      rule: null,
      reason: 'A terminal is allowed.',
      matched: [],
      approvalId: null,
    } as const;
    session.append({
      ...statement,
      statementId: newId(),
      text: 'an interactive shell',
      command: 'shell',
      action: 'allow',
    });
    await recordLong(session);
    session.append({
      ...statement,
      index: 1,
      statementId: newId(),
      text: 'rm -rf /srv',
      command: 'rm',
      action: 'deny',
    });
    await session.close();
    await gateway.stop();
    const { chain } = await stack.api('admin').sessions.showSession.query({ id: session.sessionId });

    const page = await pageOf('admin');
    await page.addInitScript(watchOpening);
    const begun = Date.now();
    await page.goto(`/sessions/${session.sessionId}`);
    await expect.poll(() => screenText(page)).toContain('ops@web-01');
    const openedMs = Date.now() - begun;
    // Again, with the app's files in the browser's cache as for anybody who works here.
    await page.goto('/sessions');
    await settled(page);
    const again = Date.now();
    await page.goto(`/sessions/${session.sessionId}`);
    await expect.poll(() => screenText(page), { intervals: [20] }).toContain('ops@web-01');
    const openedAgainMs = Date.now() - again;
    const openedInPageMs = await page.evaluate<number>('window.openedAt');
    const slider = page.getByRole('slider', { name: 'Moment' });
    await expect(slider).toHaveAttribute('aria-valuetext', / of 2 hours/, { timeout: 120_000 });
    const readMs = Date.now() - again;
    const seeks: number[] = [];
    await page.waitForTimeout(5_000);
    await page.evaluate(watchSeeks);
    for (const share of [0.99, 0.1, 0.5, 0.75, 0.25, 0.9, 0.02]) {
      const before = await screenText(page);
      const box = await slider.boundingBox();
      if (box === null) throw new Error('the slider has no place');
      const pressed = Date.now();
      await page.mouse.click(box.x + box.width * share, box.y + box.height / 2);
      await expect.poll(() => screenText(page), { intervals: [10] }).not.toBe(before);
      seeks.push(Date.now() - pressed);
    }
    // Without the test's own questions to the browser: from the press to the screen's change.
    const seeksInPage = await page.evaluate<readonly number[]>('window.seeks');
    const measured = { chunks: chain.chunks, openedMs, openedAgainMs, openedInPageMs, readMs, seeks, seeksInPage };
    info.annotations.push({ type: 'measured', description: JSON.stringify(measured) });
    console.log('two hours:', JSON.stringify(measured));

    await page.keyboard.press('End');
    await expect.poll(() => screenText(page)).toContain('the very end');
    await page.keyboard.press('h');
    await expect(
      page.getByRole('navigation', { name: 'Moments' }).getByRole('button', { name: /rm -rf/ }),
    ).toHaveAttribute('aria-current', 'true');
    await expect(page.getByRole('img', { name: 'read from the screen' }).first()).toBeVisible();
    const search = page.getByLabel('Search in session');
    await search.fill('needle-in-the-hay');
    await expect(page.getByText(/of 1 in the output/)).toBeVisible();
    await search.press('Enter');
    await expect.poll(() => screenText(page)).toContain('needle-in-the-hay');
    const at = await slider.getAttribute('aria-valuenow');
    // The address follows once the replay rests; a loaded machine may be late with the one of before.
    await expect
      .poll(() => Math.round(Number(new URLSearchParams(new URL(page.url()).hash.slice(1)).get('t'))))
      .toBe(Number(at));
    // Of this moment: playing moves the link on.
    const link = page.url();
    await search.blur();
    await page.keyboard.press(' ');
    await expect(slider).not.toHaveAttribute('aria-valuenow', at ?? '');
    await page.keyboard.press(' ');

    mkdirSync(sheetFolder, { recursive: true });
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const [width, height] of [
        [1280, 800],
        [390, 844],
      ] as const) {
        const other = await pageOf('reviewer', { width, height, colorScheme });
        await other.goto(link);
        await expect.poll(() => screenText(other), { timeout: 60_000 }).toContain('needle-in-the-hay');
        await settled(other);
        await expectNoOverflow(other);
        await expectAccessible(other);
        await other.screenshot({ path: join(sheetFolder, `replay-${width}-${colorScheme}.png`) });
      }
    }
  });

  test('hostile output draws, and does nothing else', async ({ pageOf, stack }) => {
    const gateway = await RecordingGateway.enrol(stack, 'hostile-terminals');
    const session = await gateway.open(await actorOf(stack, 'admin'), Date.now() - 60_000);
    const attacks = [
      'before ',
      '\x1b]52;c;cHduZWQ=\x07\x1b]52;p;cHduZWQ=\x1b\\',
      '\x1b]0;pwned\x07\x1b]2;pwned\x1b\\',
      '\x1b]8;;javascript:window.pwned=1\x07press me\x1b]8;;\x07 ',
      '\x1bP$q"p\x1b\\\x1bPq#0;2;0;0;0#0~~@@vv@@~~$-\x1b\\\x1b_Gf=100;AAAA\x1b\\',
      '\x1b[c\x1b[>c\x1b[6n\x1b[5n\x1b[?2026$p\x1b[18t\x1b[8;200;200t\x1b[3;0;0t\x05',
      '\x1b[2147483647b\x1b[9999999999L\x1b[9999999999S\x1b[?1003h\x1b[?1004h',
      '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>',
      '\u202e\u2066gnp.exe ',
      `\x1b]0;${'A'.repeat(200_000)}`,
      '\x1b\\\x1b[1;1Hafter\r\n',
    ];
    for (const attack of attacks) {
      session.terminal.output(Buffer.from(attack));
      session.wait(600);
    }
    await session.close();
    await gateway.stop();
    const page = await pageOf('admin');
    await page.addInitScript(
      `navigator.clipboard && (navigator.clipboard.writeText = () => { window.pwned = 2; return Promise.resolve(); });`,
    );
    const sent: string[] = [];
    page.on('websocket', (socket) => sent.push(socket.url()));
    const title = () => page.title();
    await page.goto(`/sessions/${session.sessionId}#t=50`);
    await expect.poll(() => screenText(page)).toContain('after');
    await expect(page.getByText(/2 attempts to set the clipboard/)).toBeVisible();
    await expect(page.getByText(/hidden link/)).toBeVisible();
    expect(await page.evaluate<unknown>('window.pwned')).toBeUndefined();
    expect(await page.locator('img[src="x"], .xterm a, .xterm img, .xterm script').count()).toBe(0);
    expect(await title()).not.toContain('pwned');
    expect(sent).toEqual([]);
    await expectAccessible(page);
  });

  test('a running session is watched as it goes', async ({ pageOf, stack }) => {
    const gateway = await RecordingGateway.enrol(stack, 'live-terminals');
    const session = await gateway.open(await actorOf(stack, 'admin'), Date.now());
    session.terminal.output(Buffer.from('first line\r\n'));
    session.wait(1_000);
    await session.stored();
    const page = await pageOf('admin');
    await page.goto(`/sessions/${session.sessionId}`);
    await expect.poll(() => screenText(page)).toContain('first line');
    await expect(page.getByRole('button', { name: 'Following' })).toBeVisible();
    const delays: number[] = [];
    for (let count = 0; count < 8; count += 1) {
      session.terminal.output(Buffer.from(`live ${count}\r\n`));
      const begun = Date.now();
      // The gateway's own clock seals it; nothing is hurried here.
      await expect.poll(() => screenText(page), { intervals: [20], timeout: 30_000 }).toContain(`live ${count}`);
      delays.push(Date.now() - begun);
      await page.waitForTimeout(170);
    }
    console.log('live delays:', JSON.stringify(delays));
    await page.getByRole('button', { name: 'More for this session' }).click();
    await expect(page.getByRole('menuitem', { name: 'Terminate…' })).toBeVisible();
    await page.keyboard.press('Escape');
    await session.close();
    await expect(page.getByRole('main').locator('header').getByText('closed', { exact: true })).toBeVisible();
    await gateway.stop();
  });
});
