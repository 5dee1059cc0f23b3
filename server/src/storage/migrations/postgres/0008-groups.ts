/**
 * Groups: named sets of channels with a price ratio. `walks`, of the row `auto` alone, is the order in which it tries
 * others. Every name that channels and accounts went by until now becomes a group, at the ratio that it had: 1.
 */
export const groups = `
create table channel_group (
  name text collate "C" primary key,
  description text collate "C" not null,
  ratio text collate "C" not null,
  ratios text collate "C" not null,
  walks text collate "C" check ((walks is null) = (name <> 'auto'))
);

insert into channel_group values ('auto', '', '1', '{}', '["default"]');
insert into channel_group
  select name, '', '1', '{}', null from (
    select 'default' collate "C" as name
    union select group_name from account where deleted_at is null
    union select each from account, jsonb_array_elements_text(account.groups::jsonb) as each where deleted_at is null
    union select each from channel, jsonb_array_elements_text(channel.groups::jsonb) as each where deleted_at is null
  ) as used
  where name <> 'auto';
`
