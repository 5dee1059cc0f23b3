/**
 * Sums of everybody that keep less apart, hence fewer rows: `model_*` by model alone, `group_*` by group alone. Accounts have
 * none: few of theirs would be fewer, and all would be written with each call. They are empty at first and filled behind the calls (usage/narrow-sums.ts). `usage_added` is the mark of
 * all sums: the former one stands at the end of all ids, so that a process of the former version adds nothing to some of
 * them alone.
 */
const narrow = (name: string, step: string, of: string) => `
create table ${name} (
  ${step} integer not null,
  ${of} text not null,
  requests integer not null,
  failed integer not null,
  quota integer not null,
  shortfall integer not null,
  prompt_tokens integer not null,
  completion_tokens integer not null,
  primary key (${step}, ${of})
) strict, without rowid;`

export const narrowSums = `
${narrow('model_hour', 'hour', 'model')}
${narrow('model_day', 'day', 'model')}
${narrow('group_hour', 'hour', 'group_name')}
${narrow('group_day', 'day', 'group_name')}
insert into meta (name, value) select 'usage_added', value from meta where name = 'usage_summed';
update meta set value = '9007199254740991' where name = 'usage_summed';
`
