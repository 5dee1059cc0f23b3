/** Prices that calls were charged at (prices/charged-prices.ts): a row for each time that another one was charged first. */
export const chargedPrices = `
create table charged_price (
  model text not null,
  ratio text not null,
  since_ms integer not null,
  price text not null,
  primary key (model, ratio, since_ms)
) strict, without rowid;
`
