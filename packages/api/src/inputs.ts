import { isId } from '@sluice/domain';
import { z } from 'zod';

/** Input of procedures without any. */
export const nothing = z.void();
export const id = z.string().refine(isId, 'not an id');
/** Names that go into URLs, certificates and file names. */
export const slug = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'use up to 63 lower-case letters, digits and dashes');
export const personName = z
  .string()
  .trim()
  .regex(
    /^[\p{L}\p{N}]([\p{L}\p{N} ._-]{0,61}[\p{L}\p{N}.])?$/u,
    'use up to 63 letters, digits, spaces, dots and dashes',
  );
export const search = z.string().trim().max(200).optional();
export const cursor = z.string().max(64).optional();
/** Keyset cursors that are ids. */
export const idCursor = id.optional();
/** Keyset cursors that are numbers in text. */
export const numberCursor = z
  .string()
  .regex(/^\d{1,9}$/, 'not a cursor')
  .optional();

/** An empty search finds everything, so it is none. */
export function searchText(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}
