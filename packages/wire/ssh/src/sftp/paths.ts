/** Paths as they are judged and sent: absolute, without `.`, `..` and doubled slashes. What is judged is what the target gets. */

/** Longest path (bytes): Linux's PATH_MAX. */
export const maxPathBytes = 4_096;

export type ReadPath =
  | { readonly ok: true; readonly path: string /** It was written with `..`. */; readonly climbs: boolean }
  | { readonly ok: false; readonly because: string };

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads a path as a client sent it. `home` is where relative ones begin. */
export function readPath(bytes: Buffer, home: string): ReadPath {
  if (bytes.length > maxPathBytes) return { ok: false, because: `its path is longer than ${maxPathBytes} bytes` };
  if (bytes.includes(0)) return { ok: false, because: 'its path holds a zero byte' };
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { ok: false, because: 'its path is no UTF-8' };
  }
  const parts = (text.startsWith('/') ? text : `${home}/${text}`).split('/');
  const kept: string[] = [];
  for (const part of parts) {
    if (part === '' || part === '.') continue;
    if (part === '..') kept.pop();
    else kept.push(part);
  }
  return { ok: true, path: `/${kept.join('/')}`, climbs: text.split('/').includes('..') };
}

export function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 1));
}
