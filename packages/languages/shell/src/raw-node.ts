/** The grammar's nodes as they come: Go structs behind getters. Only `convert.ts` reads their fields. */
export interface RawNode {
  readonly [field: string]: unknown;
  Pos(): { Offset(): number };
  End(): { Offset(): number };
}
