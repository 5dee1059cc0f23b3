/** What usage records said that retention has deleted: one row an entity, so that balances can always be recomputed. */
export const closedUsage = `
create table closed (
  entity integer primary key,
  taken integer not null check (taken >= 0),
  used integer not null check (used >= 0),
  requests integer not null check (requests >= 0)
) strict;
`
