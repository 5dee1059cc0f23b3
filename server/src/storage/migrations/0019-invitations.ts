/** One-time links by which somebody makes an account of their own. */
const invitations = (int: string, text: string, end: string) => `
create table invitation (
  id ${text} not null primary key,
  digest ${text} not null unique,
  note ${text} not null,
  group_name ${text} not null,
  quota ${int} not null,
  created_by ${int} not null,
  created_at ${int} not null,
  expires_at ${int} not null,
  used_by ${int},
  used_at ${int}
)${end};
create index invitation_by_time on invitation (created_at);
`

export const invitationsOnSqlite = invitations('integer', 'text', ' strict')
export const invitationsOnPostgres = invitations('bigint', 'text collate "C"', '')
