/** Are the strings that lead a message's body UTF-8? */
import { isUtf8 } from 'node:buffer';
import { SluiceError } from '@sluice/domain';

/**
 * What is not UTF-8 would be read here as something else than at the target, which refuses it anyway: throws SluiceError
 * `protocol-violation`. `texts`: how many strings lead the body; the numbers behind them are no text, and a parameter type of 1700
 * would not pass for it.
 */
export function assertUtf8(buffer: Buffer, start: number, bodyEnd: number, texts: number): void {
  let end = start;
  for (let left = texts; left > 0 && end < bodyEnd; left--) {
    const nul = buffer.indexOf(0, end);
    end = nul < 0 ? bodyEnd : Math.min(nul + 1, bodyEnd);
  }
  if (!isUtf8(buffer.subarray(start, end)))
    throw new SluiceError('protocol-violation', 'a statement that is not UTF-8');
}
