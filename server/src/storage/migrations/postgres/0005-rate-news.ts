/**
 * What nodes tell each other of rate limits, for a minute. Nothing of it must outlive a crash of the server, so it costs
 * no log. Only the numbers do, because nodes remember how far they have read.
 */
export const rateNews = `
create sequence rate_news_number;

create unlogged table rate_news (
  number bigint primary key,
  node bigint not null,
  turn bigint not null,
  epoch bigint not null,
  whole boolean not null,
  at timestamptz not null,
  entities bigint[] not null,
  requests bigint[] not null,
  tokens bigint[] not null,
  running bigint[] not null,
  unique (node, turn)
);
`
