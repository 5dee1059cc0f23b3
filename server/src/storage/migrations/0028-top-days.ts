/** The keys that spent most on a day that is over, of accounts with many and of everybody: see usage/top-days.ts. */
const topDays = (integer: string) => `
create table top_day (
  account_id ${integer} not null,
  day ${integer} not null,
  requests ${integer} not null,
  beyond ${integer} not null,
  keys text not null,
  primary key (account_id, day)
)`

export const topDaysOnSqlite = `${topDays('integer')} strict;`
export const topDaysOnPostgres = `${topDays('bigint')};`
