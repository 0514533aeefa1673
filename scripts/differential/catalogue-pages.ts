/** Rows of pg_class and pg_namespace as they lie on their pages: what an open transaction made is there before anyone may see it. */

/** Fixed part of a pg_class row (pg_class.h), offsets in bytes. Little-endian, as every machine that the embedded server is built for. */
const classOffsets = { namespace: 68, filenode: 88, shared: 113, kind: 115 } as const;
const nameBytes = 64;
const nameOffset = 4;

export interface CatalogueRow {
  readonly oid: number;
  readonly name: string;
  readonly namespace: number;
  /** 0 where the relation has no storage of its own, or where the server maps it. */
  readonly filenode: number;
  readonly shared: boolean;
  /** `relkind`. */
  readonly kind: string;
}

export function catalogueRow(data: Buffer): CatalogueRow {
  return {
    ...namespaceRow(data),
    namespace: data.readUInt32LE(classOffsets.namespace),
    filenode: data.readUInt32LE(classOffsets.filenode),
    shared: data[classOffsets.shared] === 1,
    kind: String.fromCharCode(data[classOffsets.kind] ?? 0),
  };
}

export function namespaceRow(data: Buffer): { readonly oid: number; readonly name: string } {
  const end = data.indexOf(0, nameOffset);
  const name = data.toString('utf8', nameOffset, Math.min(end < 0 ? data.length : end, nameOffset + nameBytes));
  return { oid: data.readUInt32LE(0), name };
}
