/**
 * The second part of the closed list by which the control session reads a target's catalogue: what definitions run. Stored expressions
 * come as their node trees (src/backend/nodes/outfuncs.c), from which the server itself picks the numbers of the functions called.
 * Never `pg_get_*def`, which waits for locks. Each LIMIT is one more than the bound in limits.ts.
 */
import { numberFields } from './stored-trees.ts';

/** The functions that a node tree calls and the types that it makes, as `field number field number …`. */
const numbersIn = (tree: string): string =>
  `(SELECT pg_catalog.string_agg(DISTINCT m[1] || ' ' || m[2], ' ') FROM pg_catalog.regexp_matches((${tree})::text, ':(${numberFields}) ([0-9]+)', 'g') AS m)`;

/** Before version 15 a partition's copy of a trigger counted as internal. Table's oid, function that an enabled trigger runs, its kind (pg_trigger.h), version, numbers in its condition. */
export const triggersText = `SELECT t.tgrelid, t.tgfoid, t.tgtype, t.xmin, ${numbersIn('t.tgqual')}
FROM pg_catalog.pg_trigger AS t WHERE (NOT t.tgisinternal OR t.tgfoid >= 16384) AND t.tgenabled <> 'D' ORDER BY t.tgrelid, t.oid LIMIT 200001`;

/** Relation's oid, event (1 SELECT, 2 UPDATE, 3 INSERT, 4 DELETE), INSTEAD, the stored condition and actions; views' own are left out. */
export const rulesText = `SELECT w.ev_class, w.ev_type, w.is_instead, w.ev_qual::text, w.ev_action::text
FROM pg_catalog.pg_rewrite AS w JOIN pg_catalog.pg_class AS c ON c.oid = w.ev_class
WHERE c.oid >= 16384 AND w.ev_enabled <> 'D' AND NOT (c.relkind IN ('v', 'm') AND w.rulename = '_RETURN') ORDER BY w.ev_class, w.oid LIMIT 20001`;

/** Relation's oid, 'read' or 'write', numbers in what row policies, defaults, checks, indexes and partition keys run. */
export const expressionsText = `SELECT y.polrelid, 'read', ${numbersIn('y.polqual')} FROM pg_catalog.pg_policy AS y WHERE y.polqual IS NOT NULL
UNION ALL SELECT y.polrelid, 'write', ${numbersIn('COALESCE(y.polwithcheck, y.polqual)')} FROM pg_catalog.pg_policy AS y
UNION ALL SELECT d.adrelid, 'write', ${numbersIn('d.adbin')} FROM pg_catalog.pg_attrdef AS d WHERE d.adrelid >= 16384
UNION ALL SELECT k.conrelid, 'write', ${numbersIn('k.conbin')} FROM pg_catalog.pg_constraint AS k WHERE k.conrelid >= 16384 AND k.conbin IS NOT NULL
UNION ALL SELECT i.indrelid, 'write', ${numbersIn("COALESCE(i.indexprs::text, '') || COALESCE(i.indpred::text, '')")} FROM pg_catalog.pg_index AS i
  WHERE i.indrelid >= 16384 AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
UNION ALL SELECT x.stxrelid, 'write', ${numbersIn("pg_catalog.to_jsonb(x) ->> 'stxexprs'")} FROM pg_catalog.pg_statistic_ext AS x
UNION ALL SELECT q.partrelid, 'write', ${numbersIn('q.partexprs')} FROM pg_catalog.pg_partitioned_table AS q WHERE q.partexprs IS NOT NULL
LIMIT 200001`;

/** Relation pointed at, relation that holds the key, ON DELETE, ON UPDATE (pg_constraint.confdeltype), attributes pointed at as JSON. */
export const referencesText = `SELECT k.confrelid, k.conrelid, k.confdeltype, k.confupdtype, pg_catalog.to_json(k.confkey)
FROM pg_catalog.pg_constraint AS k WHERE k.contype = 'f' ORDER BY k.oid LIMIT 200001`;

/** Child, parent. */
export const inheritanceText =
  "SELECT h.inhrelid, h.inhparent FROM pg_catalog.pg_inherits AS h JOIN pg_catalog.pg_class AS c ON c.oid = h.inhrelid WHERE c.relkind IN ('r', 'f', 'p') ORDER BY h.inhparent, h.inhseqno, h.inhrelid LIMIT 200001";

/** Relation, sequence that one of its defaults, identity columns or domains' defaults counts up, or that one of its columns owns. */
export const sequencesText = `SELECT d.adrelid, r.refobjid FROM pg_catalog.pg_attrdef AS d
  JOIN pg_catalog.pg_depend AS r ON r.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND r.objid = d.oid AND r.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  JOIN pg_catalog.pg_class AS c ON c.oid = r.refobjid AND c.relkind = 'S'
UNION SELECT r.refobjid, c.oid FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_depend AS r ON r.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
  AND r.objid = c.oid AND r.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND r.deptype IN ('a', 'i') AND r.refobjsubid > 0
WHERE c.relkind = 'S'
UNION SELECT a.attrelid, r.refobjid FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid AND t.typtype = 'd' AND t.oid >= 16384
  JOIN pg_catalog.pg_depend AS r ON r.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND r.objid = t.oid AND r.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  JOIN pg_catalog.pg_class AS c ON c.oid = r.refobjid AND c.relkind = 'S' LIMIT 200001`;

/**
 * Functions made by people: oid, owner, settings, names, modes and types of the parameters as JSON, result type, relation of a row
 * type, source (SQL, PL/pgSQL, and internal where the server has a function of that source), the stored form of a standard SQL body,
 * extension, an aggregate's support functions or the server's own with an internal one's source, numbers in the parameters' defaults. `to_jsonb` reads a column that servers before 14 do not have.
 */
export const bodiesText = `SELECT p.oid, r.rolname, pg_catalog.to_json(p.proconfig), pg_catalog.to_json(p.proargnames), pg_catalog.to_json(p.proargmodes),
  (SELECT pg_catalog.json_agg(pg_catalog.format_type(a.type, NULL) ORDER BY a.place)
    FROM pg_catalog.unnest(COALESCE(p.proallargtypes, p.proargtypes::pg_catalog.oid[])) WITH ORDINALITY AS a (type, place)),
  pg_catalog.format_type(p.prorettype, NULL), t.typrelid,
  CASE WHEN l.lanname IN ('sql', 'plpgsql') AND pg_catalog.length(p.prosrc) <= 262144 THEN p.prosrc
    WHEN l.lanname = 'internal' AND EXISTS (SELECT 1 FROM pg_catalog.pg_proc AS s WHERE s.oid < 16384 AND s.prolang = p.prolang AND s.prosrc = p.prosrc) THEN p.prosrc END,
  pg_catalog.to_jsonb(p) ->> 'prosqlbody',
  (SELECT e.extname FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
    WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e' LIMIT 1),
  COALESCE((SELECT pg_catalog.array_to_string(ARRAY[g.aggtransfn::pg_catalog.oid, g.aggfinalfn::pg_catalog.oid, g.aggcombinefn::pg_catalog.oid, g.aggserialfn::pg_catalog.oid,
    g.aggdeserialfn::pg_catalog.oid, g.aggmtransfn::pg_catalog.oid, g.aggminvtransfn::pg_catalog.oid, g.aggmfinalfn::pg_catalog.oid], ' ')
    FROM pg_catalog.pg_aggregate AS g WHERE g.aggfnoid = p.oid),
    (SELECT pg_catalog.string_agg(s.oid::text, ' ') FROM pg_catalog.pg_proc AS s WHERE l.lanname = 'internal' AND s.oid < 16384 AND s.prolang = p.prolang AND s.prosrc = p.prosrc)),
  ${numbersIn('p.proargdefaults')}
FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_roles AS r ON r.oid = p.proowner JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
  JOIN pg_catalog.pg_type AS t ON t.oid = p.prorettype WHERE p.oid >= 16384 ORDER BY p.oid LIMIT 20001`;

/** Schema, name, function, answers with a boolean. */
export const operatorsText = `SELECT n.nspname, o.oprname, o.oprcode::pg_catalog.oid, o.oprresult = 'pg_catalog.bool'::pg_catalog.regtype FROM pg_catalog.pg_operator AS o
  JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace WHERE o.oid >= 16384 AND o.oprcode::pg_catalog.oid <> 0 LIMIT 20001`;

/** Type that is made, function, context (e: only where it is written). */
export const castsText = `SELECT t.typname, s.castfunc, s.castcontext FROM pg_catalog.pg_cast AS s JOIN pg_catalog.pg_type AS t ON t.oid = s.casttarget
WHERE s.castfunc >= 16384 LIMIT 20001`;

/**
 * oid, schema, name, domain or type it stands on, numbers in its checks, that type's name. Arrays, ranges and multiranges of such types:
 * what they hold, negative. `to_jsonb` reads a column that servers before 14 do not have.
 */
export const domainsText = `SELECT t.oid, n.nspname, t.typname, t.typbasetype::pg_catalog.int8, (SELECT pg_catalog.string_agg(${numbersIn('k.conbin')}, ' ')
    FROM pg_catalog.pg_constraint AS k WHERE k.contypid = t.oid AND k.conbin IS NOT NULL), b.typname
FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace JOIN pg_catalog.pg_type AS b ON b.oid = t.typbasetype
WHERE t.typtype = 'd' AND t.oid >= 16384
UNION ALL SELECT t.oid, n.nspname, t.typname, -e.oid::pg_catalog.int8, NULL, e.typname
FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_range AS r ON t.oid IN (r.rngtypid, (pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::pg_catalog.oid)
  JOIN pg_catalog.pg_type AS e ON e.oid = COALESCE(r.rngsubtype, t.typelem)
WHERE t.oid >= 16384 AND e.oid >= 16384 AND (t.typtype IN ('r', 'm') OR t.typtype = 'b' AND t.typcategory = 'A' AND e.typtype IN ('d', 'r')) LIMIT 20001`;

/** Functions of enabled event triggers. */
export const eventTriggersText =
  "SELECT e.evtfoid FROM pg_catalog.pg_event_trigger AS e WHERE e.evtenabled <> 'D' LIMIT 20001";
