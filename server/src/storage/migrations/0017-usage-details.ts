/** What few calls used (usage/details.ts), and prices in the place of the bundled ones (prices/stored-catalogue.ts). */
export const usageDetails = `
alter table usage add column details text;
create table price_catalogue (
  id integer primary key check (id = 1),
  providers text not null,
  updated_at_ms integer not null
) strict;
`
