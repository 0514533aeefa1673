import { expect, test } from 'vitest';
import { fieldWords } from './field-words.ts';

test('a place is told by its own name, an entry by its number', () => {
  expect(fieldWords(['id'])).toBe('“id”');
  expect(fieldWords(['expiresInDays'])).toBe('“expires in days”');
  expect(fieldWords(['scopes', 'networks', 0])).toBe('entry 1 of “networks”');
  expect(fieldWords(['rules', 2, 'name'])).toBe('“name”');
  expect(fieldWords([])).toBeNull();
  expect(fieldWords([3])).toBeNull();
});
