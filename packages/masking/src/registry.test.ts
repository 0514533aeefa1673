import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { detectorNames } from './index.ts';

it('has every detector that the default policy names, and the default policy uses every detector', () => {
  const source = readFileSync(new URL('../../policy/default-policy.yaml', import.meta.url), 'utf8');
  const named = [...source.matchAll(/detectors: \[([^\]]*)\]/g)].flatMap((match) => (match[1] ?? '').split(', '));
  expect([...named].sort()).toEqual([...detectorNames].sort());
});
