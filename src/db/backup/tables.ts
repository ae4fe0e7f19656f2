import type { ClientBase } from 'pg';

/** Rows are written and read back in this order: a table stands after those that it refers to. */
export interface BackupTable {
  readonly name: string;
  readonly columns: readonly string[];
}

/** The record of applied migrations is compared, not copied. */
const LEFT_OUT = 'migrations';

/** Every table of the schema `public` with the columns that hold stored values. */
export async function listTables(client: ClientBase): Promise<BackupTable[]> {
  const { rows } = await client.query<{ name: string; columns: string[]; refers_to: string[] | null }>(
    `select c.relname as name,
       (select array_agg(a.attname::text order by a.attnum) from pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
       (select array_agg(distinct f.relname::text) from pg_constraint k join pg_class f on f.oid = k.confrelid
         where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> c.oid) as refers_to
     from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> $1
     order by c.relname`,
    [LEFT_OUT],
  );
  const ordered: BackupTable[] = [];
  const done = new Set<string>();
  let waiting = rows;
  while (waiting.length > 0) {
    const ready = waiting.filter((row) => (row.refers_to ?? []).every((name) => done.has(name)));
    if (ready.length === 0) throw new Error(`tables refer to each other in a circle: ${waiting.map((row) => row.name).join(', ')}`);
    for (const { name, columns } of ready) {
      ordered.push({ name, columns });
      done.add(name);
    }
    waiting = waiting.filter((row) => !done.has(row.name));
  }
  return ordered;
}
