/**
 * What many nodes share of the ledger. `balance.remain` is what nobody has borrowed; a hold is what an epoch has
 * borrowed of one entity. Everybody locks in one order: the lane, balances (accounts before keys, each by number),
 * holds by number. See storage/lanes/ledger-calls.ts for what the calls mean.
 */
export const sharedLedger = `
create sequence node_epoch;

create table node (
  epoch bigint primary key,
  name text not null,
  url text not null,
  version text not null,
  started_at bigint not null
);

create table node_lane (
  epoch bigint not null,
  lane text not null check (lane in ('move', 'settle')),
  seq bigint not null,
  primary key (epoch, lane)
) with (fillfactor = 50);

create table hold (
  epoch bigint not null,
  entity bigint not null,
  granted bigint not null,
  spent bigint not null check (spent >= 0 and spent <= granted),
  used bigint not null,
  requests bigint not null,
  primary key (entity, epoch)
) with (fillfactor = 50);
create index hold_by_epoch on hold (epoch);

create table recall (
  entity bigint primary key,
  at timestamptz not null
);

create or replace view balance_now as
  select balance.entity,
    (balance.remain + coalesce(lent.remain, 0))::bigint as remain,
    (balance.used + coalesce(lent.used, 0))::bigint as used,
    (balance.requests + coalesce(lent.requests, 0))::bigint as requests
  from balance left join lateral (
    select sum(hold.granted - hold.spent) as remain, sum(hold.used) as used, sum(hold.requests) as requests
    from hold where hold.entity = balance.entity
  ) as lent on true;
`
