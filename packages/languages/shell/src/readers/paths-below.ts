import { type Abstract, patternOf, unknown } from '../abstract.ts';

/** The names of files below these; one pattern stands for them all. None named: the working folder. */
export function pathsBelow(values: readonly Abstract[]): Abstract {
  const [only, ...others] = values;
  if (others.length > 0 || only?.type === 'unknown') return unknown;
  if (only === undefined) return { type: 'pattern', pattern: './**' };
  const start = patternOf(only).replace(/\/+$/, '');
  return start.startsWith('-') ? unknown : { type: 'pattern', pattern: `${start}/**` };
}
