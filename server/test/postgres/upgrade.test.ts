import { expect, it, onTestFinished } from 'vitest'
import { steps } from '../../src/storage/migrations/postgres/migrate.ts'
import { functions } from '../../src/storage/postgres/functions.ts'
import { openPostgresStore } from '../../src/storage/postgres/open.ts'
import { blankDatabase, newDatabase, type TestDatabase } from '../tools/database.ts'

/** A mark in the text of every function, as if each had been another one. */
const FORMER = '-- former'
/** Before the ledger, before its settling function had budgets, and later; and always the last one. */
const SOME_SCHEMAS = [1, 6, 13, 20]
/** What stands in the schema, without what extensions bring and without months, which come with time. */
const CATALOGUE = `
  with ours as (
    select c.* from pg_class c where c.relnamespace = 'public'::regnamespace and c.relname !~ '^usage_[0-9]{4}_'
      and not exists (select 1 from pg_depend d where d.objid = c.oid and d.deptype = 'e')
  )
  select 'function' as kind, p.oid::regprocedure::text as name, pg_get_functiondef(p.oid) as text from pg_proc p
    where p.pronamespace = 'public'::regnamespace
      and not exists (select 1 from pg_depend d where d.objid = p.oid and d.deptype = 'e')
  union all
  select 'relation', relname, concat_ws(' ', relkind, relpersistence, relispartition, reloptions,
    case relkind when 'v' then pg_get_viewdef(oid) when 'i' then pg_get_indexdef(oid) when 'I' then pg_get_indexdef(oid) end)
    from ours
  union all
  select 'column', format('%s.%s', relname, attname), concat_ws(' ', attnum, format_type(atttypid, atttypmod), attnotnull,
    attidentity, attcollation::regcollation, (select pg_get_expr(adbin, adrelid) from pg_attrdef
      where adrelid = attrelid and adnum = attnum))
    from ours join pg_attribute on attrelid = ours.oid where attnum > 0 and not attisdropped
  union all
  select 'constraint', format('%s.%s', relname, conname), pg_get_constraintdef(k.oid)
    from ours join pg_constraint k on conrelid = ours.oid
  union all
  select 'trigger', format('%s.%s', relname, tgname), pg_get_triggerdef(t.oid)
    from ours join pg_trigger t on tgrelid = ours.oid
  union all
  select 'sequence', relname, concat_ws(' ', s.*) from ours join pg_sequences s on sequencename = relname
  order by 1, 2, 3`

const catalogueOf = ({ rows }: TestDatabase) => rows(CATALOGUE)

/** A database as some earlier version left it, with functions of its own. */
async function databaseAt(schema: number) {
  const database = await blankDatabase()
  const former = functions.replaceAll('as $$', (begin) => `${begin} ${FORMER}`)
  await database.tamper(`set check_function_bodies = off; ${steps.slice(0, schema).join('')} ${former}
    insert into meta (name, value) values ('schema', '${schema}')`)
  return database
}

it('a database of an earlier schema becomes what a new one is: functions, columns, indexes, constraints', {
  timeout: 120_000,
}, async () => {
  const made = await newDatabase()
  onTestFinished(made.remove)
  const expected = await catalogueOf(made)
  const named = expected.filter(({ kind }) => kind === 'function').map(({ name }) => name)
  expect(named).toEqual(expect.arrayContaining([expect.stringMatching(/^turnpike_settle\(/)]))
  for (const schema of [...SOME_SCHEMAS, steps.length - 1]) {
    const database = await databaseAt(schema)
    const former = `select count(*)::int as count from pg_proc where prosrc like '%${FORMER}%'`
    const [{ count } = {}] = await database.rows(former)
    expect(count).toBe([...functions.matchAll(/create or replace function/g)].length)
    await (await openPostgresStore({ url: database.url })).close()
    expect(await catalogueOf(database), `from schema ${schema}`).toEqual(expected)
  }
})
