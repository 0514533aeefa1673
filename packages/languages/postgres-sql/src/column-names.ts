/** The name PostgreSQL gives a result column without an alias (`FigureColname` in parse_target.c). */
import { childAt, itemsOf, listAt, payload, type Tree, textAt, treeAt, unwrap, wordsAt } from './tree.ts';

const unnamed = '?column?';

const fixedNames: Readonly<Record<string, string>> = {
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  CoalesceExpr: 'coalesce',
  GroupingFunc: 'grouping',
  MergeSupportFunc: 'merge_action',
  XmlSerialize: 'xmlserialize',
  JsonParseExpr: 'json',
  JsonScalarExpr: 'json_scalar',
  JsonSerializeExpr: 'json_serialize',
  JsonObjectConstructor: 'json_object',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonArrayAgg: 'json_arrayagg',
};

export function columnName(value: Tree): string {
  return figured(value)?.name ?? unnamed;
}

/** `strong`: the name wins over that of a cast or CASE around it. */
interface Figured {
  readonly name: string;
  readonly strong: boolean;
}

function strong(name: string | undefined): Figured | null {
  return name === undefined || name === '' ? null : { name, strong: true };
}

function figured(value: Tree): Figured | null {
  const { tag, node } = unwrap(value);
  const fixed = fixedNames[tag];
  if (fixed !== undefined) return strong(fixed);
  switch (tag) {
    case 'ColumnRef':
      return strong(wordsAt(node, 'fields').at(-1));
    case 'A_Indirection': {
      const word = wordsAt(node, 'indirection').at(-1);
      return word === undefined ? inner(node, 'arg') : strong(word);
    }
    case 'FuncCall':
      return strong(wordsAt(node, 'funcname').at(-1));
    case 'A_Expr':
      return textAt(node, 'kind') === 'AEXPR_NULLIF' ? strong('nullif') : null;
    case 'TypeCast': {
      const under = inner(node, 'arg');
      if (under?.strong === true) return under;
      const type = treeAt(node, 'typeName');
      const name = type === null ? undefined : wordsAt(type, 'names').at(-1);
      return name === undefined ? under : { name, strong: false };
    }
    case 'CollateClause':
      return inner(node, 'arg');
    case 'CaseExpr': {
      const under = inner(node, 'defresult');
      return under?.strong === true ? under : { name: 'case', strong: false };
    }
    case 'MinMaxExpr':
      return strong(textAt(node, 'op') === 'IS_LEAST' ? 'least' : 'greatest');
    case 'SQLValueFunction':
      return strong(
        textAt(node, 'op')
          .replace(/^SVFOP_/, '')
          .replace(/_N$/, '')
          .toLowerCase(),
      );
    case 'XmlExpr':
      return strong(textAt(node, 'op').replace(/^IS_/, '').toLowerCase());
    case 'JsonFuncExpr':
      return strong(textAt(node, 'op').replace(/_OP$/, '').toLowerCase());
    case 'SubLink':
      return subLinkName(node);
    default:
      return null;
  }
}

function inner(node: Tree, field: string): Figured | null {
  const value = treeAt(node, field);
  return value === null ? null : figured(value);
}

function subLinkName(node: Tree): Figured | null {
  const kind = textAt(node, 'subLinkType');
  if (kind === 'EXISTS_SUBLINK') return strong('exists');
  if (kind === 'ARRAY_SUBLINK') return strong('array');
  const select = kind === 'EXPR_SUBLINK' ? childAt(node, 'subselect', 'SelectStmt') : null;
  if (select === null) return null;
  const [first] = listAt(select, 'targetList');
  const target = first === undefined ? null : payload(first, 'ResTarget');
  if (target === null) return itemsOf(listAt(select, 'valuesLists')[0] ?? {}).length > 0 ? strong('column1') : null;
  const name = textAt(target, 'name');
  return name === '' ? inner(target, 'val') : strong(name);
}
