/**
 * Everybody's sums by model alone and by group alone: see the step of the same name for SQLite. They are added to all the time, as
 * `account_*` are: room in their pages keeps that from writing their indexes.
 */
const narrow = (name: string, step: string, of: string) => `
create table ${name} (
  ${step} bigint not null,
  ${of} text collate "C" not null,
  requests bigint not null,
  failed bigint not null,
  quota bigint not null,
  shortfall bigint not null,
  prompt_tokens bigint not null,
  completion_tokens bigint not null,
  primary key (${step}, ${of})
) with (fillfactor = 70);`

export const narrowSums = `
${narrow('model_hour', 'hour', 'model')}
${narrow('model_day', 'day', 'model')}
${narrow('group_hour', 'hour', 'group_name')}
${narrow('group_day', 'day', 'group_name')}
insert into meta (name, value) select 'usage_added', value from meta where name = 'usage_summed';
insert into meta (name, value) select 'usage_summed', '9007199254740991' where exists (select 1 from meta where name <> 'schema')
  on conflict (name) do update set value = excluded.value;
`
