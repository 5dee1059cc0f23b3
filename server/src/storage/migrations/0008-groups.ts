/**
 * Groups: named sets of channels with a price ratio. `walks`, of the row `auto` alone, is the order in which it tries
 * others. Every name that channels and accounts went by until now becomes a group, at the ratio that it had: 1.
 */
export const groups = `
create table channel_group (
  name text primary key,
  description text not null,
  ratio text not null,
  ratios text not null,
  walks text check ((walks is null) = (name <> 'auto'))
) strict;

insert into channel_group values ('auto', '', '1', '{}', '["default"]');
insert into channel_group
  select name, '', '1', '{}', null from (
    select 'default' as name
    union select group_name from account where deleted_at is null
    union select each.value from account, json_each(account.groups) as each where deleted_at is null
    union select each.value from channel, json_each(channel.groups) as each where deleted_at is null
  )
  where name <> 'auto';
`
