/** Every node that PostgreSQL 18's raw grammar can build and this package was written for. Anything else makes a statement incomplete. */
import { isTree, type Tree } from './tree.ts';

/** Parts that are not statements. */
const partNodes: ReadonlySet<string> = new Set(
  `A_ArrayExpr A_Const A_Expr A_Indices A_Indirection A_Star AccessPriv Alias AlterTableCmd BitString BoolExpr Boolean BooleanTest CTECycleClause
  CTESearchClause CallContext CaseExpr CaseWhen CoalesceExpr CollateClause ColumnDef ColumnRef CommonTableExpr Constraint CreateOpClassItem
  CurrentOfExpr DefElem Float FuncCall FunctionParameter GroupingFunc GroupingSet ImportForeignSchemaStmt IndexElem IndexStmt InferClause
  Integer IntList IntoClause JoinExpr JsonAggConstructor JsonArgument JsonArrayAgg JsonArrayConstructor JsonArrayQueryConstructor JsonBehavior
  JsonFormat JsonFuncExpr JsonIsPredicate JsonKeyValue JsonObjectAgg JsonObjectConstructor JsonOutput JsonParseExpr JsonReturning JsonScalarExpr
  JsonSerializeExpr JsonTable JsonTableColumn JsonTablePathSpec JsonValueExpr List LockingClause MergeSupportFunc MergeWhenClause MinMaxExpr
  MultiAssignRef NamedArgExpr NullTest ObjectWithArgs OnConflictClause ParamRef PartitionBoundSpec PartitionCmd PartitionElem PartitionRangeDatum
  PartitionSpec PublicationObjSpec PublicationTable RangeFunction RangeSubselect RangeTableFunc RangeTableFuncCol RangeTableSample RangeVar RawStmt
  ReplicaIdentityStmt ResTarget ReturningClause ReturningOption ReturnStmt RoleSpec RowExpr SQLValueFunction SetToDefault SortBy StatsElem String
  SubLink TableLikeClause TriggerTransition TypeCast TypeName VacuumRelation WindowDef WithClause XmlExpr XmlSerialize ATAlterConstraint`
    .trim()
    .split(/\s+/),
);

const statementNode = /^[A-Z]\w*Stmt$/;

/**
 * Looks at every node of a statement's tree: an unknown one, or a part that names, calls or changes something and that no reader
 * understood. Returns the reason, or null. Iterative, since hostile trees are deep.
 */
export function unknownParts(statement: Tree, understood: ReadonlySet<Tree>): string | null {
  const waiting: Tree[] = [statement];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (mustBeUnderstood(node) && !understood.has(node)) return 'has a part that Sluice does not read';
    for (const key in node) {
      if (/^[A-Z]/.test(key) && !partNodes.has(key) && !statementNode.test(key))
        return 'has a part of a kind that Sluice does not know';
      const child = node[key];
      if (isTree(child)) waiting.push(child);
      else if (Array.isArray(child)) waiting.push(...child.filter(isTree));
    }
  }
  return null;
}

/** Relations, calls, queries: payloads that do something wherever they stand. */
function mustBeUnderstood(payload: Tree): boolean {
  if (payload.relname !== undefined && payload.relpersistence !== undefined) return true;
  if (payload.funcname !== undefined && payload.funcformat !== undefined) return true;
  return payload.limitOption !== undefined && payload.op !== undefined;
}
