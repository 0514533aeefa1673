/** Bound values as people and digests see them. */
import type { BindValue } from '@sluice/wire-kit';
import { binaryArrayText, decodeBinary } from './binary-values.ts';
import type { BindMessage } from './messages/frontend.ts';
import { knownType, typeName } from './types.ts';

export function bindValues(bind: BindMessage, types: readonly number[]): BindValue[] {
  return bind.values.map((value, i): BindValue => {
    const oid = types[i] ?? 0;
    const type = oid === 0 ? 'unknown' : typeName(oid);
    if (value === null) return { value: null, binary: false, type };
    const format = bind.parameterFormats.length === 1 ? bind.parameterFormats[0] : (bind.parameterFormats[i] ?? 0);
    if (format === 0) return { value: value.toString('utf8'), binary: false, type };
    const text = knownType(oid)?.category === 'array' ? binaryArrayText(value) : decodeBinary(oid, value);
    return text === undefined
      ? { value: value.toString('base64'), binary: true, type }
      : { value: text, binary: false, type };
  });
}
