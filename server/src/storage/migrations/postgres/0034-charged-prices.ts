/** Prices that calls were charged at: see the same step for SQLite. */
export const chargedPrices = `
create table charged_price (
  model text collate "C" not null,
  ratio text collate "C" not null,
  since_ms bigint not null,
  price text collate "C" not null,
  primary key (model, ratio, since_ms)
);
`
