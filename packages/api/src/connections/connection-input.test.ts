import { manifests } from '@sluice/protocols/manifests';
import { expect, test } from 'vitest';
import { checkAbilities } from './connection-input.ts';

const off = { rehearsal: false, undo: false };
const bare = { label: 'Toy', abilities: { hold: true, maskResults: false, cancel: false, exec: false } };

test('a setting that the protocol cannot carry out is refused by name', () => {
  expect(() => checkAbilities(bare, { ...off, rehearsal: true })).toThrow('Toy cannot rehearse statements.');
  expect(() => checkAbilities(bare, { ...off, undo: true })).toThrow('Toy cannot put changes back.');
  expect(() => checkAbilities(bare, off)).not.toThrow();
});

test.each(manifests.map((manifest) => [manifest.name, manifest] as const))(
  '%s: exactly what its manifest says',
  (_, manifest) => {
    const accepts = (setting: object) => {
      try {
        checkAbilities(manifest, { ...off, ...setting });
        return true;
      } catch {
        return false;
      }
    };
    expect(accepts({ rehearsal: true })).toBe(manifest.abilities.rehearse === true);
    expect(accepts({ undo: true })).toBe(manifest.abilities.undo === true);
  },
);
