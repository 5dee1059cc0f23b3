/** How a database calls the two types that its columns have, and what ends a table. */
interface Types {
  readonly int: string
  readonly text: string
  readonly end: string
}

/**
 * What signing in keeps. Whoever signs in is a row of `account`, and its password stays there; `identity_all` shows
 * passwords beside what other providers vouch for, as the sign-in library looks at both alike.
 */
const signIn = ({ int, text, end }: Types) => `
alter table account add column email ${text};
alter table account add column email_verified ${int} not null default 0;
alter table account add column two_factor ${int} not null default 0;
alter table account add column password_due ${int} not null default 0;
create unique index account_by_email on account (email) where email is not null and deleted_at is null;

create table session (
  id ${text} not null primary key,
  account_id ${int} not null,
  token ${text} not null unique,
  ip ${text} not null,
  device ${text} not null,
  created_at_ms ${int} not null,
  updated_at_ms ${int} not null,
  expires_at_ms ${int} not null,
  used_at_ms ${int} not null
)${end};
create index session_by_account on session (account_id);
create index session_by_end on session (expires_at_ms);

create table identity (
  id ${text} not null primary key,
  account_id ${int} not null,
  provider ${text} not null,
  subject ${text} not null,
  created_at_ms ${int} not null,
  updated_at_ms ${int} not null,
  unique (provider, subject)
)${end};
create index identity_by_account on identity (account_id);

create view identity_all as
  select 'password-' || id as id, id as account_id, 'credential' as provider, cast(id as text) as subject,
    password_hash as password, created_at * 1000 as created_at_ms, created_at * 1000 as updated_at_ms
  from account where password_hash is not null and deleted_at is null
  union all
  select id, account_id, provider, subject, null, created_at_ms, updated_at_ms from identity;

create table verification (
  id ${text} not null primary key,
  identifier ${text} not null,
  value ${text} not null,
  expires_at_ms ${int} not null,
  created_at_ms ${int} not null,
  updated_at_ms ${int} not null
)${end};
create index verification_by_identifier on verification (identifier);
create index verification_by_end on verification (expires_at_ms);

create table two_factor (
  id ${text} not null primary key,
  account_id ${int} not null unique,
  secret ${text} not null,
  backup_codes ${text} not null,
  verified ${int} not null,
  failures ${int} not null,
  locked_until_ms ${int}
)${end};

create table passkey (
  id ${text} not null primary key,
  account_id ${int} not null,
  name ${text},
  public_key ${text} not null,
  credential_id ${text} not null unique,
  counter ${int} not null,
  device_type ${text} not null,
  backed_up ${int} not null,
  transports ${text},
  aaguid ${text},
  created_at_ms ${int}
)${end};
create index passkey_by_account on passkey (account_id);

create table sign_in_failure (
  subject ${text} not null primary key,
  failures ${int} not null,
  last_at_ms ${int} not null
)${end};
create index sign_in_failure_by_time on sign_in_failure (last_at_ms);
`

export const signInOnSqlite = signIn({ int: 'integer', text: 'text', end: ' strict' })
export const signInOnPostgres = signIn({ int: 'bigint', text: 'text collate "C"', end: '' })
