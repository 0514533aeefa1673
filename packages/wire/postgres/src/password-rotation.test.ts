/** A role's password is changed by its verifier, and given back when what follows fails: on real servers. */
import { Secret } from '@sluice/domain';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rotatePassword, scramVerifier } from './password-rotation.ts';
import { dialTarget } from './target-side.ts';
import { type RealTarget, startRealTarget } from './testing/real-target.ts';
import { dialRequestFor } from './testing/test-gateway.ts';

it('a verifier is the known one of RFC 7677’s example', async () => {
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
  expect(await scramVerifier('pencil', salt)).toBe(
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  );
});

describe.each(['15', '18'] as const)('rotating at PostgreSQL %s', (version) => {
  let target: RealTarget;
  const as = (password: string) => dialRequestFor({ ...target, username: 'app', password });
  const logsIn = async (password: string): Promise<boolean> => {
    try {
      await (await dialTarget(as(password))).close();
      return true;
    } catch {
      return false;
    }
  };

  beforeAll(async () => {
    target = await startRealTarget(version);
  });
  afterAll(() => target?.stop());

  it('the new password is in force when it is confirmed, also for a reader, and the old one no more', async () => {
    await rotatePassword({ ...as('app-password'), readOnly: true }, new Secret('the-next'), async () => {
      expect(await logsIn('the-next')).toBe(true);
    });
    expect(await logsIn('the-next')).toBe(true);
    expect(await logsIn('app-password')).toBe(false);
    const admin = new pg.Client({ ...target, user: target.username, host: '127.0.0.1' });
    await admin.connect();
    const { rows } = await admin.query("SELECT rolpassword FROM pg_authid WHERE rolname = 'app'");
    await admin.end();
    expect(rows[0].rolpassword).toMatch(/^SCRAM-SHA-256\$4096:/);
  });

  it('what cannot be confirmed is taken back', async () => {
    const refused = new Error('the control plane said no');
    const rotation = rotatePassword(as('the-next'), new Secret('another'), () => Promise.reject(refused));
    await expect(rotation).rejects.toBe(refused);
    expect(await logsIn('the-next')).toBe(true);
    expect(await logsIn('another')).toBe(false);
  });
});
